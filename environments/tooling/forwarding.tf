# What builds of the pipeline log is evidence of how production was changed: it goes to the archive's locked bucket.
module "forwarding" {
  source = "../../modules/org-logging/forwarding"

  name = "payments-tooling"
  destination_arn = join(":", [
    "arn:aws:logs", local.known.region, local.known.accounts["log-archive"], "destination:payments-logs-production",
  ])

  alarm_topic_arns         = [module.delivery.topic_arn]
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}
