locals {
  archive_id = local.known.accounts["log-archive"]

  # What environments/log-archive makes.
  archive = {
    bucket_name  = "payments-logs-production-${local.archive_id}"
    bucket_names = [for bucket in ["access-logs", "logs-nonproduction", "logs-production"] : "payments-${bucket}-${local.archive_id}"]
  }

  workloads = [for name in ["dev", "integration", "production", "qa"] : local.known.accounts[name]]
}

module "trail" {
  source = "../../modules/org-logging/trail"

  name                    = "payments-organization"
  archive                 = merge(coalesce(var.archive, local.archive), { kms_key_arn = var.archive_key_arn })
  existing_log_group_name = var.existing_log_group_name
  watched_days            = 365
  exempt_role_names       = ["payments-deploy"]
  emergency_role_names    = ["payments-breakglass"]

  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"

  # Made by environments/management.
  alarm_topic_arns = ["arn:aws:sns:${local.known.region}:${local.account_id}:payments-security"]

  data_events = {
    functions = { resource_type = "AWS::Lambda::Function" }
    objects   = { resource_type = "AWS::S3::Object" }
    tables = {
      resource_type = "AWS::DynamoDB::Table"
      arn_prefixes  = [for id in local.workloads : "arn:aws:dynamodb:${local.known.region}:${id}:table/payments-"]
    }
  }
}
