locals {
  schedule_rule_name = "${var.name}-schedule"
  schedule_rule_arn = var.schedule == null ? null : (
    "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.schedule_rule_name}"
  )
}

resource "aws_cloudwatch_event_rule" "schedule" {
  count = var.schedule == null ? 0 : 1

  name                = local.schedule_rule_name
  description         = "Runs ${var.name}"
  schedule_expression = var.schedule.expression
}

resource "aws_cloudwatch_event_target" "schedule" {
  count = var.schedule == null ? 0 : 1

  rule      = aws_cloudwatch_event_rule.schedule[0].name
  target_id = "live"
  arn       = aws_lambda_alias.live.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = var.asynchronous.maximum_event_age_seconds
    maximum_retry_attempts       = var.asynchronous.maximum_retries
  }
}

resource "aws_lambda_permission" "schedule" {
  count = var.schedule == null ? 0 : 1

  statement_id   = "schedule"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.service.function_name
  qualifier      = aws_lambda_alias.live.name
  principal      = "events.amazonaws.com"
  source_account = local.account_id
  source_arn     = aws_cloudwatch_event_rule.schedule[0].arn
}
