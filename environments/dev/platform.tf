module "platform" {
  source = "../../modules/payment-platform"

  environment       = local.environment
  release_directory = var.release_directory
  acquirer_url      = var.acquirer_url
  merchants         = var.merchants

  capacity = {
    burst                   = 100
    transactions_per_second = 100
  }

  # Dev is thrown away and built anew: nothing in it outlives a week.
  deletion_protection      = false
  key_deletion_window_days = 7
  logs                     = { retention_days = 90 }

  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}
