locals {
  alarm_kinds = {
    denied = {
      metric      = "KMSKeyAccessDenied"
      statistic   = "Sum"
      operator    = "GreaterThanThreshold"
      threshold   = 0
      description = "can't use the archive's key: its policy or the key's state was changed"
    }
    failing = {
      metric      = "DeliveryToS3.Success"
      statistic   = "Average"
      operator    = "LessThanThreshold"
      threshold   = 1
      description = "couldn't write to its bucket: read its errors, and what it put below errors/"
    }
    stalled = {
      metric      = "DeliveryToS3.DataFreshness"
      statistic   = "Maximum"
      operator    = "GreaterThanThreshold"
      threshold   = var.stalled_after_seconds
      description = "holds logs that are older than ${var.stalled_after_seconds} seconds, and drops them after a day"
    }
    throttled = {
      metric      = "ThrottledRecords"
      statistic   = "Sum"
      operator    = "GreaterThanThreshold"
      threshold   = 0
      description = "gets more logs than its quota allows: ask for a higher one"
    }
    unreadable = {
      metric      = "OutputDecompressedRecords.Failed"
      statistic   = "Sum"
      operator    = "GreaterThanThreshold"
      threshold   = 0
      description = "got what isn't from CloudWatch Logs, and put it below errors/"
    }
  }

  alarms = merge([
    for bucket, name in local.names : {
      for kind, alarm in local.alarm_kinds : "${bucket}-${kind}" => merge(alarm, { kind = kind, stream = name })
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "delivery" {
  for_each = local.alarms

  alarm_name          = "${each.value.stream}-${each.value.kind}"
  alarm_description   = "${each.value.stream} ${each.value.description}"
  namespace           = "AWS/Firehose"
  metric_name         = each.value.metric
  dimensions          = { DeliveryStreamName = each.value.stream }
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 1
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

# Whatever stops logs before they get here is silent.
resource "aws_cloudwatch_metric_alarm" "silent" {
  for_each = { for bucket, settings in var.buckets : bucket => settings.silent_after_hours if settings.silent_after_hours != null }

  alarm_name          = "${local.names[each.key]}-silent"
  alarm_description   = "${local.names[each.key]} got no log for ${each.value} hours: see whether its senders still have their subscription"
  namespace           = "AWS/Firehose"
  metric_name         = "IncomingRecords"
  dimensions          = { DeliveryStreamName = local.names[each.key] }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = each.value
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
}
