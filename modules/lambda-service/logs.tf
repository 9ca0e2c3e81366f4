locals {
  log_group_name = "/aws/lambda/${var.name}"
  log_group_arn  = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.log_group_name}"
}

# Made before the function, which would otherwise make its own without key or retention.
resource "aws_cloudwatch_log_group" "function" {
  name              = local.log_group_name
  kms_key_id        = local.kms_key_arn
  retention_in_days = var.logs.retention_days
}
