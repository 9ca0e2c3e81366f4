locals {
  transactions_table = module.data.tables["transactions"]

  # Both functions write payments, and neither can rewrite which API key is whose.
  all_but_profiles = {
    "ForAllValues:StringNotEquals" = { "dynamodb:Attributes" = ["api_key_id"] }
  }
  through_dynamodb = {
    actions    = ["kms:Decrypt"]
    conditions = { StringEquals = { "kms:ViaService" = ["dynamodb.${local.region}.amazonaws.com"] } }
  }
  key_permissions = {
    UsePaymentsKeyThroughDynamoDB = merge(local.through_dynamodb, { resources = [module.data.kms_key_arn] })
  }

  # Which key is whose: all that others may read of the transactions table.
  read_profiles = {
    actions   = ["dynamodb:GetItem"]
    resources = [local.transactions_table.arn]
    conditions = {
      "ForAllValues:StringEquals" = { "dynamodb:Attributes" = ["api_key_id", "pk", "sk"] }
      StringEquals                = { "dynamodb:Select" = ["SPECIFIC_ATTRIBUTES"] }
    }
  }
}

module "transaction_gateway" {
  source = "../lambda-service"

  name        = "${local.name}-transaction-gateway"
  description = "Answers the payments API"
  artifact    = local.artifacts.transaction_gateway
  handler     = "transaction_gateway.handler.handle"
  environment = merge(local.transaction_gateway.environment, {
    FRAUD_FAIL_OPEN_BELOW = jsonencode(var.fraud.fail_open_below)
    FRAUD_TIMEOUT_MS      = tostring(var.fraud.timeout_ms)
    FRAUD_URL             = local.fraud_url
  })
  permissions = merge(local.key_permissions, {
    ReadPayments = {
      actions   = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [local.transactions_table.arn]
    }
    WritePayments = {
      actions    = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources  = [local.transactions_table.arn]
      conditions = local.all_but_profiles
    }
  })

  canary = var.canary
  concurrency = {
    provisioned = local.provisioned_concurrency.transaction_gateway
    reserved    = local.reserved_concurrency.transaction_gateway
  }
  memory_mb       = 1024
  timeout_seconds = 15
  vpc             = local.acquirer_vpc

  alarm_topic_arns         = var.alarm_topic_arns
  code_signing_config_arn  = var.code_signing_config_arn
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = var.logs
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "sweeper" {
  source = "../lambda-service"

  name        = "${local.name}-sweeper"
  description = "Finishes payments whose outcome is unknown"
  artifact    = local.artifacts.transaction_gateway
  handler     = "transaction_gateway.sweeper.handle"
  environment = local.transaction_gateway.environment
  permissions = merge(local.key_permissions, {
    FindUnresolvedPayments = {
      actions   = ["dynamodb:Query"]
      resources = [local.transactions_table.index_arns["unresolved"]]
    }
    FinishPayments = {
      actions    = ["dynamodb:UpdateItem"]
      resources  = [local.transactions_table.arn]
      conditions = local.all_but_profiles
    }
  })

  # The next run does what a failed one left, and two at once would only race.
  asynchronous    = { maximum_event_age_seconds = 60, maximum_retries = 0 }
  concurrency     = { reserved = 1 }
  schedule        = { expression = "rate(1 minute)" }
  timeout_seconds = 50
  vpc             = local.acquirer_vpc

  alarm_topic_arns         = var.alarm_topic_arns
  code_signing_config_arn  = var.code_signing_config_arn
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = var.logs
  permissions_boundary_arn = var.permissions_boundary_arn
}
