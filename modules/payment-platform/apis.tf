module "payments_api" {
  source   = "../api-gateway"
  for_each = local.versions.payments

  name    = "${local.name}-payments-${each.key}"
  openapi = file("${local.contracts.payments}/${each.key}.yaml")

  integrations = {
    default      = module.transaction_gateway.alias
    by_operation = { createToken = module.tokenizer.alias }
    legacy       = local.legacy.payments
    timeout_ms   = 16000 # the function ends first, and its answer says more than the gateway's
  }
  capacity          = local.service_capacity.payments
  clients           = local.clients.payments
  version_lifecycle = each.value.version_lifecycle

  alarm_topic_arns             = var.alarm_topic_arns
  disable_execute_api_endpoint = var.disable_execute_api_endpoint
  kms_key                      = { arn = aws_kms_key.operations.arn }
  logs                         = { retention_days = var.logs.retention_days }
  web_acl                      = var.web_acl
}
