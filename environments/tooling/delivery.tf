module "delivery" {
  source = "../../modules/delivery"

  name     = "payments-delivery"
  accounts = { for name in ["dev", "qa", "integration", "production"] : name => local.known.accounts[name] }

  source_code = { repository = var.repository, connection_arn = var.connection_arn }

  # Office hours, and nobody's weekend begins with a release. What pages somebody about payments keeps releases out,
  # seen as a role that environments/bootstrap makes.
  production_gate = {
    window         = "* * 8-15 ? * MON-THU"
    time_zone      = "Europe/Dublin"
    alarm_names    = [for burn in ["availability-burn-fast", "availability-burn-slow", "latency-burn-fast", "latency-burn-slow"] : "payments-production-payments-v1-${burn}"]
    alarm_role_arn = "arn:aws:iam::${local.known.accounts.production}:role/payments-gate"
  }

  subscriber_emails        = var.subscriber_emails
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}
