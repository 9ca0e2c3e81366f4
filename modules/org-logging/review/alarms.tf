locals {
  # As the code names itself in its metrics.
  namespace  = "Payments/LogReview"
  dimensions = { Environment = var.environment, Service = "LogReview" }

  ticket_topic_arns = var.ticket_topic_arns == null ? var.alarm_topic_arns : var.ticket_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "findings" {
  for_each = local.queries

  alarm_name          = "${var.name}-review-${replace(each.key, "_", "-")}"
  alarm_description   = "PCI DSS ${each.value.requirement}, severity ${each.value.severity}. ${each.value.advice} Who and how often: the findings in ${module.function.log_group.name}, and the saved query ${local.folder}/${each.key}."
  namespace           = local.namespace
  metric_name         = "Findings"
  dimensions          = merge(local.dimensions, { Query = each.key })
  statistic           = "Maximum" # a period that is reviewed twice has its findings once
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = each.value.severity == "high" ? var.alarm_topic_arns : local.ticket_topic_arns
}

# A review is measured at the end of its period, so a late one of another day doesn't end the alarm.
resource "aws_cloudwatch_metric_alarm" "review_incomplete" {
  alarm_name          = "${var.name}-review-incomplete"
  alarm_description   = "PCI DSS 10.4.1.1 and 10.7.2: no review of ${var.name}'s logs completed for ${var.schedule.period_hours} hours. Read why in ${module.function.log_group.name}, mend it, and invoke ${module.function.function.name} with the event of the missed run: its time says which period to review."
  namespace           = local.namespace
  metric_name         = "ReviewsCompleted"
  dimensions          = local.dimensions
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = var.schedule.period_hours + 2 # the run comes some minutes after its period
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}
