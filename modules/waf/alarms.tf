resource "aws_cloudwatch_metric_alarm" "blocked" {
  alarm_name          = "${var.name}-waf-blocked"
  alarm_description   = "${var.name}'s web ACL blocked over ${var.alarm_blocked_requests} requests within five minutes: an attack, or a rule that refuses what it shouldn't"
  namespace           = "AWS/WAFV2"
  metric_name         = "BlockedRequests"
  dimensions          = merge(local.metric_dimensions, { Rule = "ALL" })
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_blocked_requests
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "rate" {
  for_each = local.rates

  alarm_name          = "${var.name}-waf-${each.key}"
  alarm_description   = "A sender went beyond ${each.value.requests} requests within ${var.rate_limits.window_seconds} seconds by the rule ${each.key} of ${var.name}'s web ACL: a flood, or a client in a loop"
  namespace           = "AWS/WAFV2"
  metric_name         = local.actions[each.key] == "count" ? "CountedRequests" : "BlockedRequests"
  dimensions          = merge(local.metric_dimensions, { Rule = each.key })
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

# AWS WAF has no metric of what it couldn't deliver, so silence is the sign: requests were refused,
# and CloudWatch Logs took no line.
resource "aws_cloudwatch_metric_alarm" "unlogged" {
  alarm_name          = "${var.name}-waf-unlogged"
  alarm_description   = "${var.name}'s web ACL refused requests for half an hour and logged none: see whether its logging configuration, log group and key are as they were"
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns

  metric_query {
    id          = "unlogged"
    label       = "requests without a line"
    expression  = "IF(FILL(lines, 0) == 0, FILL(blocked, 0), 0)"
    return_data = true
  }

  metric_query {
    id = "blocked"

    metric {
      namespace   = "AWS/WAFV2"
      metric_name = "BlockedRequests"
      dimensions  = merge(local.metric_dimensions, { Rule = "ALL" })
      period      = 900
      stat        = "Sum"
    }
  }

  metric_query {
    id = "lines"

    metric {
      namespace   = "AWS/Logs"
      metric_name = "IncomingLogEvents"
      dimensions  = { LogGroupName = aws_cloudwatch_log_group.web_acl.name }
      period      = 900
      stat        = "Sum"
    }
  }
}

locals {
  metric_dimensions = { Region = local.region, WebACL = var.name }
}
