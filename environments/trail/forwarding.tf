# What else the management account logs, its review for one, goes the way of all logs. The copy of the
# trail goes along: it is what tells that sending works.
module "forwarding" {
  source = "../../modules/org-logging/forwarding"

  name = "payments-management"
  destination_arn = join(":", [
    "arn:aws:logs", local.known.region, local.archive_id, "destination:payments-logs-production",
  ])

  # Made by environments/management.
  alarm_topic_arns         = ["arn:aws:sns:${local.known.region}:${local.account_id}:payments-security"]
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}
