resource "aws_api_gateway_stage" "stage" {
  rest_api_id          = aws_api_gateway_rest_api.api.id
  deployment_id        = aws_api_gateway_deployment.api.id
  stage_name           = var.stage_name
  variables            = local.stage_variables
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local.access_log_format)
  }

  # A stage makes its execution log group itself, without key or retention, unless there is one.
  depends_on = [aws_cloudwatch_log_group.execution]
}
