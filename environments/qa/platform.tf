# Made by environments/bootstrap.
data "aws_route53_zone" "public" {
  name         = "${local.environment}.${local.organization.domain}"
  private_zone = false
}

module "platform" {
  source = "../../modules/payment-platform"

  environment       = local.environment
  release_directory = var.release_directory
  acquirer          = { url = coalesce(var.acquirer_url, local.acquirer.url) }
  merchants         = { for id, merchant in var.merchants : id => merge(merchant, { legacy = module.rollout.legacy[id] }) }
  web_acl           = module.waf.web_acl
  canary            = var.canary

  network = {
    acquirer_prefixes = var.acquirer_prefixes == null ? local.acquirer.prefixes : var.acquirer_prefixes
    cidr_block        = local.cidr_block
  }
  internal_domain = {
    name           = "services.${data.aws_route53_zone.public.name}"
    public_zone_id = data.aws_route53_zone.public.zone_id
  }
  fraud = {
    deadline_ms     = local.fraud.deadline_ms
    fail_open_below = { EUR = 5000, GBP = 5000, USD = 5000 }
    timeout_ms      = local.fraud.timeout_ms
  }

  refund_second_person_above = { EUR = 50000, GBP = 50000, USD = 50000 }

  capacity = local.capacity

  deletion_protection      = local.deletion_protection
  key_deletion_window_days = local.key_deletion_window_days
  logs                     = { retention_days = local.log_retention_days }

  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}
