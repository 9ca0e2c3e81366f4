locals {
  stage_dimensions = {
    ApiName = aws_api_gateway_rest_api.api.name
    Stage   = aws_api_gateway_stage.stage.stage_name
  }

  # The average of an error metric is the share of the requests that erred.
  error_alarms = {
    client_errors = {
      metric_name = "4XXError"
      percent     = var.alarm_thresholds.client_error_percent
      meaning     = "callers err, are refused or are throttled unusually often"
    }
    server_errors = {
      metric_name = "5XXError"
      percent     = var.alarm_thresholds.server_error_percent
      meaning     = "the service fails"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  # What is gone answers everybody with 410: that isn't news, and mustn't hold up releases.
  for_each = { for name, alarm in local.error_alarms : name => alarm if !local.is_gone || name != "client_errors" }

  alarm_name          = "${var.name}-${replace(each.key, "_", "-")}"
  alarm_description   = "Over ${each.value.percent} % of ${var.name}'s answers: ${each.value.meaning}"
  namespace           = "AWS/ApiGateway"
  metric_name         = each.value.metric_name
  dimensions          = local.stage_dimensions
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.percent / 100
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "${var.name}-latency"
  alarm_description   = "1 % of ${var.name}'s answers take longer than ${var.alarm_thresholds.latency_p99_ms} ms"
  namespace           = "AWS/ApiGateway"
  metric_name         = "Latency"
  dimensions          = local.stage_dimensions
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_thresholds.latency_p99_ms
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "near_capacity" {
  alarm_name          = "${var.name}-near-capacity"
  alarm_description   = "${var.name} is asked for over 80 % of its ${var.capacity.transactions_per_second} requests a second"
  namespace           = "AWS/ApiGateway"
  metric_name         = "Count"
  dimensions          = local.stage_dimensions
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.8 * 60 * var.capacity.transactions_per_second
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

# API Gateway has no metric of what it throttles: 4XXError mixes it with everything else that is refused.
resource "aws_cloudwatch_log_metric_filter" "throttled" {
  name           = "${var.name}-throttled"
  log_group_name = aws_cloudwatch_log_group.access.name
  pattern        = "{ $.error_type = \"THROTTLED\" }"

  metric_transformation {
    name          = "ThrottledRequests"
    namespace     = "ApiGateway/${var.name}"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  alarm_name          = "${var.name}-throttled"
  alarm_description   = "Over ${var.alarm_thresholds.throttled_percent} % of ${var.name}'s requests are throttled: see in the access log whose (api_key_id) and which (resource_path). One client over its plan is what plans are for; several mean that the capacity is too small"
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_thresholds.throttled_percent
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns

  metric_query {
    id          = "percent"
    expression  = "IF(requests > 0, 100 * throttled / requests, 0)"
    label       = "Throttled in percent"
    return_data = true
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "Count"
      dimensions  = local.stage_dimensions
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id = "throttled"

    metric {
      namespace   = aws_cloudwatch_log_metric_filter.throttled.metric_transformation[0].namespace
      metric_name = aws_cloudwatch_log_metric_filter.throttled.metric_transformation[0].name
      period      = 60
      stat        = "Sum"
    }
  }
}
