# Who watches releases hears of stages that fail, of approvals that wait, and of drift.

locals {
  notices = {
    approval-needed = {
      description = "An approval is waited for"
      pattern = {
        source      = ["aws.codepipeline"]
        detail-type = ["CodePipeline Action Execution State Change"]
        detail = {
          pipeline = [var.name]
          state    = ["STARTED"]
          type     = { category = ["Approval"] }
        }
      }
      paths    = { action = "$.detail.action", execution = "$.detail.execution-id" }
      template = "\"<action> of ${var.name} waits for somebody who is not the author. Execution <execution>.\""
    }
    drift = {
      description = "Drift was found, or couldn't be looked for"
      pattern = {
        source      = ["aws.codebuild"]
        detail-type = ["CodeBuild Build State Change"]
        detail = {
          project-name = [local.project_names["drift"]]
          build-status = ["FAILED", "FAULT", "STOPPED", "TIMED_OUT"]
        }
      }
      paths    = { build = "$.detail.build-id", status = "$.detail.build-status" }
      template = "\"An account differs from what was applied to it, or couldn't be compared: <build> ended with <status>. Its log names the resources.\""
    }
    failed = {
      description = "A stage failed or was stopped"
      pattern = {
        source      = ["aws.codepipeline"]
        detail-type = ["CodePipeline Stage Execution State Change"]
        detail = {
          pipeline = [var.name]
          state    = ["CANCELED", "FAILED", "STOPPED"]
        }
      }
      paths    = { execution = "$.detail.execution-id", stage = "$.detail.stage", state = "$.detail.state" }
      template = "\"<stage> of ${var.name} ended with <state>. Execution <execution>.\""
    }
  }
}

resource "aws_sns_topic" "delivery" {
  name              = var.name
  kms_master_key_id = aws_kms_key.artifacts.arn
}

resource "aws_sns_topic_policy" "delivery" {
  arn = aws_sns_topic.delivery.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetRulesNotify"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.delivery.arn
        Condition = { ArnEquals = { "aws:SourceArn" = [for rule in aws_cloudwatch_event_rule.notice : rule.arn] } }
      },
      {
        # For alarms that others make in this account.
        Sid       = "LetAlarmsNotify"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.delivery.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      {
        Sid       = "RefuseInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.delivery.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.subscriber_emails

  topic_arn = aws_sns_topic.delivery.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_event_rule" "notice" {
  for_each = local.notices

  name          = "${var.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
}

resource "aws_cloudwatch_event_target" "notice" {
  for_each = local.notices

  rule      = aws_cloudwatch_event_rule.notice[each.key].name
  target_id = "topic"
  arn       = aws_sns_topic.delivery.arn

  input_transformer {
    input_paths    = each.value.paths
    input_template = each.value.template
  }
}
