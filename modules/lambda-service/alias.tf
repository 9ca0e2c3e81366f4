resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that callers reach; nothing calls $LATEST"
  function_name    = aws_lambda_function.service.function_name
  function_version = var.canary == null ? aws_lambda_function.service.version : var.canary.stable_version

  dynamic "routing_config" {
    # At 0 the version stands ready, and nobody reaches it.
    for_each = [for canary in var.canary[*] : canary if canary.weight > 0]
    content {
      additional_version_weights = { (aws_lambda_function.service.version) = routing_config.value.weight }
    }
  }
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  count = var.concurrency.provisioned > 0 ? 1 : 0

  function_name                     = aws_lambda_function.service.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.concurrency.provisioned
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.service.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = var.asynchronous.maximum_event_age_seconds
  maximum_retry_attempts       = var.asynchronous.maximum_retries

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}
