locals {
  # Of all groups together: the metrics of an account's policy have dimensions for each group.
  sending = {
    errors = {
      expression  = "SELECT SUM(DeliveryErrors) FROM \"AWS/Logs\""
      operator    = "GreaterThanThreshold"
      threshold   = 0
      period      = 300
      evaluations = 1
      missing     = "notBreaching"
      description = "couldn't hand logs to the archive, and doesn't try again: see whether its destination, policy and role are as they were"
    }
    silent = {
      expression  = "SELECT SUM(ForwardedLogEvents) FROM \"AWS/Logs\""
      operator    = "LessThanThreshold"
      threshold   = 1
      period      = 3600
      evaluations = var.silent_after_hours
      missing     = "breaching"
      description = "sent no log for ${var.silent_after_hours} hours: see whether the account still has its subscription policy"
    }
    throttled = {
      expression  = "SELECT SUM(DeliveryThrottling) FROM \"AWS/Logs\""
      operator    = "GreaterThanThreshold"
      threshold   = 0
      period      = 300
      evaluations = 3
      missing     = "notBreaching"
      description = "sends more than the archive takes, and drops logs after a day: raise the stream's quota"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "sending" {
  for_each = local.sending

  alarm_name          = "${var.name}-log-forwarding-${each.key}"
  alarm_description   = "${var.name} ${each.value.description}"
  evaluation_periods  = each.value.evaluations
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = var.alarm_topic_arns

  metric_query {
    id          = "events"
    label       = each.key
    expression  = each.value.expression
    period      = each.value.period
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "card_numbers" {
  alarm_name          = "${var.name}-card-numbers-in-logs"
  alarm_description   = "A log of ${var.name} held a card number: read ${local.findings_group_name}, and treat it as an incident"
  namespace           = "OrgLogging/${var.name}"
  metric_name         = "CardNumbersInLogs"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
