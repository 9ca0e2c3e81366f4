resource "aws_cloudwatch_event_rule" "sweep" {
  name                = "sweep"
  description         = "Looks for payments without an outcome"
  schedule_expression = local.changed ? "rate(2 minutes)" : "rate(1 minute)"
  state               = "ENABLED"
}

resource "aws_cloudwatch_event_target" "sweep" {
  rule      = aws_cloudwatch_event_rule.sweep.name
  target_id = "service"
  arn       = aws_lambda_alias.live.arn
  input     = jsonencode({ revision = var.revision })

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 0
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                              = "dead-letters"
  kms_master_key_id                 = aws_kms_key.service.arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = local.changed ? 1209600 : 604800

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "KeepMissedSchedules"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:${local.region}:${var.account_id}:dead-letters"
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.sweep.arn } }
    }]
  })
}
