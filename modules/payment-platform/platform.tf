locals {
  name = "payments-${var.environment}"

  release = jsondecode(file("${var.release_directory}/release.json"))

  artifacts = {
    for name in ["dashboard_projector", "event_publisher", "tokenizer", "transaction_gateway", "webhook_sender"] : name => {
      path          = "${var.release_directory}/${local.release.functions[name].file}"
      sha256_base64 = local.release.functions[name].sha256_base64
    }
  }

  transaction_gateway = {
    environment = {
      ACQUIRER_TIMEOUT_MS = tostring(var.acquirer.timeout_ms)
      ACQUIRER_URL        = var.acquirer.url
      ENVIRONMENT         = var.environment
      LOG_LEVEL           = var.logs.level
      PAYMENTS_TABLE      = module.data.tables["transactions"].name
    }
  }
}
