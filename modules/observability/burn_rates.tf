# Multi-window, multi-burn-rate alarms: the long window says that it matters, the short one that it
# still goes on. A rate of 1 spends exactly the budget of 30 days in 30 days.

locals {
  burn_rates = {
    fast = {
      rate    = 14.4
      meaning = "2 % of a month's budget within an hour"
      page    = true
      windows = {
        long  = { label = "1 hour", period_seconds = 3600, periods = 1 }
        short = { label = "5 minutes", period_seconds = 300, periods = 1 }
      }
    }
    slow = {
      rate    = 6
      meaning = "5 % of a month's budget within six hours"
      page    = true
      windows = {
        long  = { label = "6 hours", period_seconds = 21600, periods = 1 }
        short = { label = "30 minutes", period_seconds = 1800, periods = 1 }
      }
    }
    steady = {
      rate    = 1
      meaning = "10 % of a month's budget within three days"
      page    = false
      # A period is a day at most: each of the three days must exceed the rate.
      windows = {
        long  = { label = "each of 3 days", period_seconds = 86400, periods = 3 }
        short = { label = "6 hours", period_seconds = 21600, periods = 1 }
      }
    }
  }

  # The average of the error metric is the share of failed requests, and the percentile rank of the
  # latency the percentage that was fast enough.
  objectives = merge([
    for key, api in var.apis : {
      "${key}/availability" = {
        api                = api
        budget             = (100 - api.availability_percent) / 100
        advice             = "Requests fail in the service or before it: look at the errors of functions and services on the dashboard ${var.name}, and roll back what was released last."
        good               = 0
        metric_name        = "5XXError"
        name               = "${api.name}-availability"
        promise            = "${api.availability_percent} % without server error"
        sign               = 1
        statistic          = "Average"
        extended_statistic = null
      }
      "${key}/latency" = {
        api                = api
        budget             = 100 - api.latency_percent
        advice             = "Requests are slow: compare the durations of functions, the processor use of services and the waits for others on the dashboard ${var.name}."
        good               = 100
        metric_name        = "Latency"
        name               = "${api.name}-latency"
        promise            = "${api.latency_percent} % within ${api.latency_ms} ms"
        sign               = -1
        statistic          = null
        extended_statistic = "PR(:${api.latency_ms})"
      }
    }
  ]...)

  burns = merge([
    for key, objective in local.objectives : {
      for speed, burn in local.burn_rates : "${key}/${speed}" => {
        burn      = burn
        name      = "${objective.name}-burn-${speed}"
        objective = objective
      }
    }
  ]...)

  burn_windows = merge([
    for key, each in local.burns : {
      for length, window in each.burn.windows : "${key}/${length}" => merge(each, { length = length, window = window })
    }
  ]...)

  ticket_topic_arns = var.ticket_topic_arns == null ? var.alarm_topic_arns : var.ticket_topic_arns
}

# Silent by themselves: what acts is the composite of both windows.
resource "aws_cloudwatch_metric_alarm" "burn" {
  for_each = local.burn_windows

  alarm_name          = "${each.value.name}-${each.value.length}"
  alarm_description   = "One window of ${each.value.name}: ${each.value.window.label} at over ${each.value.burn.rate} times the rate that ${each.value.objective.promise} allows"
  namespace           = "AWS/ApiGateway"
  metric_name         = each.value.objective.metric_name
  dimensions          = { ApiName = each.value.objective.api.name, Stage = each.value.objective.api.stage }
  statistic           = each.value.objective.statistic
  extended_statistic  = each.value.objective.extended_statistic
  period              = each.value.window.period_seconds
  evaluation_periods  = each.value.window.periods
  comparison_operator = each.value.objective.sign > 0 ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.objective.good + each.value.objective.sign * each.value.burn.rate * each.value.objective.budget
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_composite_alarm" "burn" {
  for_each = local.burns

  alarm_name        = each.value.name
  alarm_description = "${each.value.burn.page ? "Act now" : "Look at it within a day"}: ${each.value.objective.api.name} spends ${each.value.burn.meaning}; promised are ${each.value.objective.promise}. ${each.value.objective.advice}"
  alarm_rule = join(" AND ", [
    for length in keys(each.value.burn.windows) : "ALARM(\"${aws_cloudwatch_metric_alarm.burn["${each.key}/${length}"].alarm_name}\")"
  ])
  alarm_actions = each.value.burn.page ? var.alarm_topic_arns : local.ticket_topic_arns
  ok_actions    = each.value.burn.page ? var.alarm_topic_arns : local.ticket_topic_arns
}
