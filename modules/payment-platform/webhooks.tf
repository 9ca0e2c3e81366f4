# Events to merchants: from the bus to a queue, and from there by a function outside the VPC, which
# sees no cardholder data and reaches the internet but nothing of ours.

module "webhook_data" {
  source = "../data"

  name                     = local.name
  data_class               = "webhooks"
  deletion_protection      = var.deletion_protection
  key_deletion_window_days = var.key_deletion_window_days

  tables = {
    webhooks = {
      hash_key      = "pk"
      range_key     = "sk"
      ttl_attribute = "expires_at"
      attributes    = { pk = "S", sk = "S", attempted_at = "S" }
      # Deliveries alone have the time; the dashboard lists them by it.
      indexes = { by_time = { hash_key = "pk", range_key = "attempted_at" } }
    }
  }
}

locals {
  webhooks_table     = module.webhook_data.tables["webhooks"]
  webhook_queue_name = "${local.name}-webhooks"
  webhook_queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.webhook_queue_name}"
  webhook_rule_name  = "${local.name}-webhooks"
  webhook_rule_arn   = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${aws_cloudwatch_event_bus.payments.name}/${local.webhook_rule_name}"
}

resource "aws_cloudwatch_event_rule" "webhooks" {
  name           = local.webhook_rule_name
  description    = "What becomes of payments, for merchants' webhooks"
  event_bus_name = aws_cloudwatch_event_bus.payments.name
  event_pattern = jsonencode({
    source      = ["payments.transaction-gateway"]
    detail-type = [{ prefix = "payment." }]
  })
}

resource "aws_cloudwatch_event_target" "webhooks" {
  rule           = aws_cloudwatch_event_rule.webhooks.name
  event_bus_name = aws_cloudwatch_event_bus.payments.name
  target_id      = "queue"
  arn            = aws_sqs_queue.webhooks.arn

  dead_letter_config {
    arn = aws_sqs_queue.webhook_dead_letters.arn
  }
}

resource "aws_sqs_queue" "webhooks" {
  name                              = local.webhook_queue_name
  kms_master_key_id                 = aws_kms_key.operations.arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = 604800
  policy                            = jsonencode(local.webhook_queue_policies["webhooks"])
  visibility_timeout_seconds        = 360 # six times the function's

  # With the sender's waits, about a day.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.webhook_dead_letters.arn
    maxReceiveCount     = 20
  })
}

resource "aws_sqs_queue" "webhook_dead_letters" {
  name                              = "${local.webhook_queue_name}-dead-letters"
  kms_master_key_id                 = aws_kms_key.operations.arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = 1209600 # 14 days, counted from when a message was first queued
  policy                            = jsonencode(local.webhook_queue_policies["webhooks-dead-letters"])
}

locals {
  webhook_queue_policies = {
    for name in ["webhooks", "webhooks-dead-letters"] : name => {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "RefuseInsecureTransport"
          Effect    = "Deny"
          Principal = { AWS = "*" }
          Action    = "sqs:*"
          Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.name}-${name}"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "QueueEvents"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.name}-${name}"
          Condition = { ArnEquals = { "aws:SourceArn" = local.webhook_rule_arn } }
        },
      ]
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "undelivered_webhooks" {
  alarm_name          = "${local.webhook_queue_name}-undelivered"
  alarm_description   = "Events for merchants were given up after a day of tries: read the sender's log for their merchants"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.webhook_dead_letters.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

module "webhook_sender" {
  source = "../lambda-service"

  name        = "${local.name}-webhook-sender"
  description = "Sends signed events to merchants' endpoints"
  artifact    = local.artifacts.webhook_sender
  handler     = "webhook_sender.handler.handle"

  environment = {
    ENVIRONMENT       = var.environment
    LOG_LEVEL         = var.logs.level
    WEBHOOKS_TABLE    = local.webhooks_table.name
    WEBHOOK_QUEUE_URL = aws_sqs_queue.webhooks.url
  }
  permissions = {
    ReadEndpoints = {
      actions   = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [local.webhooks_table.arn]
    }
    # It may record deliveries, and never change where they go.
    RecordDeliveries = {
      actions    = ["dynamodb:PutItem"]
      resources  = [local.webhooks_table.arn]
      conditions = { "ForAllValues:StringNotEquals" = { "dynamodb:Attributes" = ["secret_arn", "url"] } }
    }
    UseDataKeyThroughDynamoDB = merge(local.through_dynamodb, { resources = [module.webhook_data.kms_key_arn] })
    # What merchants' endpoints are signed with; made with them, under the operations key.
    ReadSigningSecrets = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = ["arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:secret:${local.name}-webhook-*"]
    }
    TakeEvents = {
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [aws_sqs_queue.webhooks.arn]
    }
  }

  concurrency     = { reserved = local.stream_concurrency }
  timeout_seconds = 60

  alarm_topic_arns         = var.alarm_topic_arns
  code_signing_config_arn  = var.code_signing_config_arn
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = var.logs
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_lambda_event_source_mapping" "webhooks" {
  event_source_arn        = aws_sqs_queue.webhooks.arn
  function_name           = module.webhook_sender.alias.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
}
