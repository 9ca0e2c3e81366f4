# A member account may ask for this, and for little else of the organization.
data "aws_organizations_organization" "organization" {}

module "archive" {
  source = "../../modules/org-logging/archive"

  name                     = "payments"
  organization_id          = data.aws_organizations_organization.organization.id
  administrator_role_arns  = [local.deploy_role]
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
  alarm_topic_arns         = setunion([local.security_topic_arn], var.alarm_topic_arns)

  buckets = {
    production = {
      lock_mode          = var.production_lock.mode
      lock_days          = var.production_lock.days
      acknowledgement    = var.production_lock.acknowledgement
      cold_after_days    = var.production_lock.days > 90 ? 90 : null
      sender_account_ids = [for name in ["management", "production", "tooling"] : local.known.accounts[name]]
    }
    nonproduction = {
      lock_mode          = "GOVERNANCE"
      lock_days          = 7
      keep_days          = 90
      sender_account_ids = [for name in ["dev", "integration", "qa"] : local.known.accounts[name]]
    }
  }

  trail = {
    name                  = "payments-organization"
    management_account_id = local.known.accounts.management
    bucket                = "production"
  }
}

locals {
  # Made by environments/management.
  security_topic_arn = "arn:aws:sns:${local.known.region}:${local.known.accounts.management}:payments-security"
}
