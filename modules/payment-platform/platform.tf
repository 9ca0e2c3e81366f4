locals {
  name = "payments-${var.environment}"

  release = jsondecode(file("${var.release_directory}/release.json"))

  transaction_gateway = {
    contract = file("${path.module}/../../lambda_src/transaction_gateway/openapi/v1.yaml")
    artifact = {
      path          = "${var.release_directory}/${local.release.transaction_gateway.file}"
      sha256_base64 = local.release.transaction_gateway.sha256_base64
    }
    environment = {
      ACQUIRER_TIMEOUT_MS = tostring(var.acquirer_timeout_ms)
      ACQUIRER_URL        = var.acquirer_url
      LOG_LEVEL           = var.logs.level
      PAYMENTS_TABLE      = module.data.tables["transactions"].name
    }
  }

  # Every request that the throttles admit finds an execution environment: as many
  # as arrive at one instant, or as are under way at the sustained rate.
  reserved_concurrency = max(
    var.capacity.burst,
    ceil(var.capacity.transactions_per_second * var.capacity.seconds_per_transaction),
  )
}
