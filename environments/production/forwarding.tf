# Every log group of the account goes to the archive. The ARN is computed, so the archive is needed to
# apply this, and not to destroy it.
module "forwarding" {
  source = "../../modules/org-logging/forwarding"

  name                     = "payments-${local.environment}"
  destination_arn          = coalesce(var.log_destination_arn, local.log_destination_arn)
  findings_days            = local.log_retention_days
  key_deletion_window_days = local.key_deletion_window_days
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
  alarm_topic_arns         = [local.security_topic_arn]
}

locals {
  log_destination_arn = join(":", [
    "arn:aws:logs", local.organization.region, local.organization.accounts.log-archive, "destination:payments-logs-${local.log_archive}",
  ])

  # Made by environments/management.
  security_topic_arn = "arn:aws:sns:${local.organization.region}:${local.organization.accounts.management}:payments-security"
}
