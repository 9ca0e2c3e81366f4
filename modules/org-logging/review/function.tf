data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  log_group_arn_prefix = "arn:${data.aws_partition.current.partition}:logs:${data.aws_service.logs.region}:${data.aws_caller_identity.current.account_id}:log-group"
}

module "function" {
  source = "../../lambda-service"

  name        = "${var.name}-log-review"
  description = "Reviews the logs of ${var.name} and tells what somebody must look at"
  artifact    = var.artifact
  handler     = "log_review.handler.handle"

  environment = {
    ENVIRONMENT         = var.environment
    REVIEW_FOLDER       = local.folder
    REVIEW_PERIOD_HOURS = tostring(var.schedule.period_hours)
    # Whoever changes a saved query by hand makes the review incomplete, not blind.
    REVIEW_QUERIES = jsonencode({
      for name, query in local.queries : name => {
        compared_days = query.compared_days
        digest        = substr(sha256(join("\n", concat([local.texts[name]], sort(query.log_groups)))), 0, 16)
        requirement   = query.requirement
        severity      = query.severity
      }
    })
  }
  permissions = {
    SearchReviewedLogs = {
      actions   = ["logs:StartQuery"]
      resources = sort([for group in distinct(flatten(values(local.queries)[*].log_groups)) : "${local.log_group_arn_prefix}:${group}:*"])
    }
  }

  # A review that failed is repeated, and then kept: its event reviews the same period again.
  asynchronous    = { maximum_event_age_seconds = 21600, maximum_retries = 2 }
  concurrency     = { reserved = 1 }
  schedule        = { expression = var.schedule.expression, alarm_after_minutes = var.schedule.period_hours * 60 }
  timeout_seconds = var.timeout_seconds

  alarm_topic_arns         = var.alarm_topic_arns
  code_signing_config_arn  = var.code_signing_config_arn
  kms_key                  = var.kms_key
  logs                     = { level = "INFO", retention_days = var.logs.retention_days }
  permissions_boundary_arn = var.permissions_boundary_arn
}

# These calls have no resource to name: a query belongs to the account. Unmasking isn't among them.
resource "aws_iam_role_policy" "run_queries" {
  name = "run-queries"
  role = module.function.role.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadQueries"
      Effect   = "Allow"
      Action   = ["logs:DescribeQueryDefinitions", "logs:GetQueryResults", "logs:StopQuery"]
      Resource = "*"
    }]
  })
}
