# Apart from the rest, since the provider takes seconds for any web ACL.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.100" }
  }
}

resource "aws_cloudwatch_log_group" "firewall" {
  name_prefix = "aws-waf-logs-"
}

resource "aws_wafv2_web_acl" "edge" {
  name  = "edge"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "edge"
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_logging_configuration" "edge" {
  resource_arn            = aws_wafv2_web_acl.edge.arn
  log_destination_configs = [aws_cloudwatch_log_group.firewall.arn]
}

resource "aws_cloudwatch_log_account_policy" "ship" {
  policy_name        = "ship"
  policy_type        = "SUBSCRIPTION_FILTER_POLICY"
  selection_criteria = "LogGroupName NOT IN [\"/delivery\"]"

  policy_document = jsonencode({
    DestinationArn = "arn:aws:logs:eu-west-1:222222222222:destination:logs"
    FilterPattern  = ""
  })
}
