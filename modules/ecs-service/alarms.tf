locals {
  service_dimensions = {
    ClusterName = local.cluster_name
    ServiceName = var.name
  }

  # Known before the service, which rolls back when it sounds.
  unhealthy_targets_alarm_name = "${var.name}-unhealthy-targets"

  utilization_alarms = {
    cpu    = "CPUUtilization"
    memory = "MemoryUtilization"
  }
}

resource "aws_cloudwatch_metric_alarm" "missing_tasks" {
  alarm_name          = "${var.name}-missing-tasks"
  alarm_description   = "${var.name} runs fewer tasks than wanted, or than its ${local.tasks.minimum} at least: read the service's events"
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns

  metric_query {
    id          = "missing"
    expression  = "IF(desired > ${local.tasks.minimum}, desired, ${local.tasks.minimum}) - running"
    label       = "Tasks that don't run"
    return_data = true
  }

  metric_query {
    id = "desired"

    metric {
      namespace   = "ECS/ContainerInsights"
      metric_name = "DesiredTaskCount"
      dimensions  = local.service_dimensions
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id = "running"

    metric {
      namespace   = "ECS/ContainerInsights"
      metric_name = "RunningTaskCount"
      dimensions  = local.service_dimensions
      period      = 60
      stat        = "Minimum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "utilization" {
  for_each = local.utilization_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${var.name} uses over 85 % of its ${each.key} although it may scale: its tasks are too small, or too few"
  namespace           = "AWS/ECS"
  metric_name         = each.value
  dimensions          = local.service_dimensions
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 85
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "unhealthy_targets" {
  alarm_name        = local.unhealthy_targets_alarm_name
  alarm_description = "Tasks of ${var.name} fail their health check: with all of them unhealthy the load balancer sends requests to any"
  namespace         = "AWS/NetworkELB"
  metric_name       = "UnHealthyHostCount"
  dimensions = {
    LoadBalancer = split(":loadbalancer/", local.load_balancer.arn)[1]
    TargetGroup  = aws_lb_target_group.service.arn_suffix
  }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

# ECS tells of a failed deployment by an event alone; the rule's own metric makes it an alarm.
resource "aws_cloudwatch_event_rule" "failed_deployment" {
  name        = "${var.name}-failed-deployment"
  description = "A deployment of ${var.name} failed and is rolled back"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Deployment State Change"]
    resources   = [aws_ecs_service.service.id]
    detail      = { eventName = ["SERVICE_DEPLOYMENT_FAILED"] }
  })
}

resource "aws_cloudwatch_metric_alarm" "failed_deployment" {
  alarm_name          = "${var.name}-failed-deployment"
  alarm_description   = "A deployment of ${var.name} failed and is rolled back: read the service's events and the stopped tasks' reasons"
  namespace           = "AWS/Events"
  metric_name         = "MatchedEvents"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.failed_deployment.name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
