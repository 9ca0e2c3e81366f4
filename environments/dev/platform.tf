# Made by environments/bootstrap.
data "aws_route53_zone" "public" {
  name         = "${local.environment}.${local.organization.domain}"
  private_zone = false
}

module "platform" {
  source = "../../modules/payment-platform"

  environment       = local.environment
  release_directory = var.release_directory
  acquirer          = { url = var.acquirer_url }
  merchants         = var.merchants
  web_acl           = module.waf.web_acl

  network = {
    acquirer_prefixes = var.acquirer_prefixes
    cidr_block        = "10.20.0.0/20"
  }
  internal_domain = {
    name           = "services.${data.aws_route53_zone.public.name}"
    public_zone_id = data.aws_route53_zone.public.zone_id
  }
  # Dev is also applied to busy laptops, where a table's answer takes half a second at times.
  fraud = {
    deadline_ms     = 1000
    fail_open_below = { EUR = 5000, GBP = 5000, USD = 5000 }
    timeout_ms      = 1500
  }

  refund_second_person_above = { EUR = 50000, GBP = 50000, USD = 50000 }

  capacity = local.capacity

  # Dev is thrown away and built anew: nothing in it outlives a week.
  deletion_protection      = false
  key_deletion_window_days = 7
  logs                     = { retention_days = 90 }

  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}

locals {
  # Functions start when they are asked: nobody pays here.
  capacity = {
    burst                   = 125
    transactions_per_second = 125
    warm_percent            = 0
  }
}
