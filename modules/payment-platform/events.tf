# State changes leave the transactions table by its stream, which has room for two readers: one
# tells the bus, one keeps the dashboard's read model.

resource "aws_cloudwatch_event_bus" "payments" {
  name = "${local.name}-events"
}

module "event_publisher" {
  source = "../lambda-service"

  name        = "${local.name}-event-publisher"
  description = "Tells the event bus what becomes of payments"
  artifact    = local.artifacts.event_publisher
  handler     = "event_publisher.handler.handle"

  environment = {
    ENVIRONMENT = var.environment
    EVENT_BUS   = aws_cloudwatch_event_bus.payments.name
    LOG_LEVEL   = var.logs.level
  }
  permissions = merge(local.read_stream, local.key_permissions, {
    PutEvents = {
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.payments.arn]
    }
  })

  concurrency     = { reserved = local.stream_concurrency }
  timeout_seconds = 30
  vpc             = local.service_vpc

  alarm_topic_arns         = var.alarm_topic_arns
  code_signing_config_arn  = var.code_signing_config_arn
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = var.logs
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "dashboard_projector" {
  source = "../lambda-service"

  name        = "${local.name}-dashboard-projector"
  description = "Keeps the dashboard's read model"
  artifact    = local.artifacts.dashboard_projector
  handler     = "dashboard_projector.handler.handle"

  environment = {
    DASHBOARD_TABLE = local.dashboard_table.name
    ENVIRONMENT     = var.environment
  }
  permissions = merge(local.read_stream, {
    ProjectPayments = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [local.dashboard_table.arn]
    }
    UseDataKeysThroughDynamoDB = local.use_dashboard_keys
  })

  concurrency     = { reserved = local.stream_concurrency }
  timeout_seconds = 30
  vpc             = local.service_vpc

  alarm_topic_arns         = var.alarm_topic_arns
  code_signing_config_arn  = var.code_signing_config_arn
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = var.logs
  permissions_boundary_arn = var.permissions_boundary_arn
}

locals {
  # One batch a shard at a time, and a shard takes a thousand writes a second.
  stream_concurrency = 10

  read_stream = {
    ReadStream = {
      actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      resources = [local.transactions_table.stream_arn]
    }
  }

  stream_readers = {
    dashboard_projector = module.dashboard_projector
    event_publisher     = module.event_publisher
  }
}

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = local.stream_readers

  event_source_arn  = local.transactions_table.stream_arn
  function_name     = each.value.alias.arn
  batch_size        = 100
  starting_position = "TRIM_HORIZON"

  # A record that can't be read would otherwise hold its shard for a day.
  bisect_batch_on_function_error = true
  function_response_types        = ["ReportBatchItemFailures"]
  maximum_record_age_in_seconds  = 43200
  maximum_retry_attempts         = 10

  destination_config {
    on_failure {
      destination_arn = each.value.dead_letter_queue.arn
    }
  }
}
