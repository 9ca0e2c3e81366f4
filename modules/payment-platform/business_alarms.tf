# What merchants notice although no request fails.

locals {
  # Alarms on a share: of all that was tried, the percentage that came to nothing.
  share_alarms = {
    "fraud-degraded" = {
      of      = "fraud_detection"
      bad     = ["DegradedScores"]
      all     = ["Scores"]
      percent = 5
      minutes = 10
      advice  = "of fraud scores know no history: look at the fraud service's log for lost counts, and at throttles of the table ${module.fraud_data.tables["fraud-counters"].name}"
    }
    "fraud-unavailable" = {
      of      = "transaction_gateway"
      bad     = ["FraudUnavailable"]
      all     = ["FraudApproved", "FraudInReview", "FraudRefused", "FraudUnavailable"]
      percent = 5
      minutes = 5
      advice  = "of authorizations get no fraud score: small ones pass unchecked and others are refused. Look at the tasks of ${module.fraud_detection.service.name} and at the wait for scores"
    }
    "token-registrations" = {
      of      = "tokenizer"
      bad     = ["TokenRegistrationsFailed"]
      all     = ["TokenRegistrationsFailed", "TokensCreated", "TokensRefused", "TokensRepeated"]
      percent = 10
      minutes = 5
      advice  = "of cards can't be registered: the acquirer doesn't answer. Merchants repeat, and nothing is lost; ask the acquirer"
    }
    "webhook-failures" = {
      of      = "webhook_sender"
      bad     = ["Errors", "Failed"]
      all     = ["Delivered", "Errors", "Failed", "Gone"]
      percent = 25
      minutes = 15
      advice  = "of webhook attempts fail, and are repeated for a day: read the sender's log for whose endpoints; if it is all of them, for our own way out"
    }
  }

  lag_alarms = {
    for key in keys(local.stream_readers) : key => {
      FunctionName = local.stream_readers[key].function.name
      Resource     = "${local.stream_readers[key].function.name}:${local.stream_readers[key].alias.name}"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each = local.share_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "Over ${each.value.percent} % ${each.value.advice}"
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = ceil(each.value.minutes * 0.6)
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.percent
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns

  metric_query {
    id          = "percent"
    expression  = "IF((${join(" + ", [for name in each.value.all : lower(name)])}) > 0, 100 * (${join(" + ", [for name in each.value.bad : lower(name)])}) / (${join(" + ", [for name in each.value.all : lower(name)])}), 0)"
    label       = "Share in percent"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(concat(each.value.all, each.value.bad))

    content {
      id = lower(metric_query.value)

      metric {
        namespace   = local.own_metrics[each.value.of].namespace
        metric_name = metric_query.value
        dimensions  = local.own_metrics[each.value.of].dimensions
        period      = 60
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "stream_lag" {
  for_each = local.lag_alarms

  alarm_name          = "${each.value.FunctionName}-lag"
  alarm_description   = "${each.value.FunctionName} gets changes of payments over a minute late: look at its errors, then at its batches' failures; one bad record is given up after 10 tries"
  namespace           = "AWS/Lambda"
  metric_name         = "IteratorAge"
  dimensions          = each.value
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 60000
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
