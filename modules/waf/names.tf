data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.logs.region

  log_group_name = "aws-waf-logs-${var.name}"
  log_groups_arn = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group"
}
