resource "aws_api_gateway_stage" "stage" {
  rest_api_id          = aws_api_gateway_rest_api.api.id
  deployment_id        = aws_api_gateway_deployment.api.id
  stage_name           = var.stage_name
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local.access_log_format)
  }

  # A stage makes its execution log group itself, without key or retention, unless there is one.
  depends_on = [aws_cloudwatch_log_group.execution]
}

# One setting for all methods: AWS applies it to each of them. The account's hard
# limit is the functions' reserved concurrency.
resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  stage_name  = aws_api_gateway_stage.stage.stage_name
  method_path = "*/*"

  settings {
    caching_enabled        = false
    data_trace_enabled     = false # it would log bodies
    logging_level          = var.logs.execution_level
    metrics_enabled        = true
    throttling_burst_limit = var.capacity.burst
    throttling_rate_limit  = var.capacity.transactions_per_second
  }
}
