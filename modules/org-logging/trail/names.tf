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

  makes_trail = var.existing_log_group_name == null
  trail_arn   = "arn:${local.partition}:cloudtrail:${local.region}:${local.account_id}:trail/${var.name}"

  log_group_name = local.makes_trail ? aws_cloudwatch_log_group.trail[0].name : var.existing_log_group_name
  log_group_arn  = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/cloudtrail/${var.name}"
}
