locals {
  log_group_name          = "/aws/ecs/${var.name}"
  insights_log_group_name = "/aws/ecs/containerinsights/${local.cluster_name}/performance"

  log_group_arn          = "${local.log_groups_arn}:${local.log_group_name}"
  insights_log_group_arn = "${local.log_groups_arn}:${local.insights_log_group_name}"
  log_groups_arn         = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group"
}

resource "aws_cloudwatch_log_group" "service" {
  name              = local.log_group_name
  kms_key_id        = local.kms_key_arn
  retention_in_days = var.logs.retention_days
}

# Made before the cluster, whose Container Insights would otherwise make their own without key or retention.
resource "aws_cloudwatch_log_group" "insights" {
  count = var.cluster == null ? 1 : 0

  name              = local.insights_log_group_name
  kms_key_id        = local.kms_key_arn
  retention_in_days = var.logs.retention_days
}
