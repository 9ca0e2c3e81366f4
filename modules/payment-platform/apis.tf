locals {
  api_capacity = {
    burst                   = var.capacity.burst
    transactions_per_second = var.capacity.transactions_per_second
  }
  clients = {
    for id, merchant in var.merchants : id => {
      burst           = merchant.burst
      daily_quota     = merchant.daily_quota
      rate_per_second = merchant.rate_per_second
    }
  }
  # One key a merchant, for all APIs.
  clients_by_payments_key = {
    for id, client in local.clients : id => merge(client, {
      api_key = { id = module.payments_api.clients[id].api_key_id }
    })
  }
}

module "payments_api" {
  source = "../api-gateway"

  name    = "${local.name}-payments-v1"
  openapi = local.transaction_gateway.contract

  integrations = {
    default      = module.transaction_gateway.alias
    by_operation = { createToken = module.tokenizer.alias }
    timeout_ms   = 16000 # the function ends first, and its answer says more than the gateway's
  }
  capacity = local.api_capacity
  clients  = local.clients

  alarm_topic_arns             = var.alarm_topic_arns
  disable_execute_api_endpoint = var.disable_execute_api_endpoint
  kms_key                      = { arn = aws_kms_key.operations.arn }
  logs                         = { retention_days = var.logs.retention_days }
  web_acl                      = var.web_acl
}
