locals {
  spare_tasks = var.capacity.spare ? 1 : 0

  # Tasks follow from transactions a second: as many as carry them, and the spare one.
  tasks = {
    minimum = max(1, ceil(var.capacity.minimum_transactions_per_second / var.capacity.transactions_per_second_per_task)) + local.spare_tasks
    maximum = max(1, ceil(var.capacity.transactions_per_second / var.capacity.transactions_per_second_per_task)) + local.spare_tasks
  }

  # Each peak begins with bounds of its own and ends with the usual ones.
  scheduled_bounds = merge(
    {
      for name, peak in var.peaks : "${name}-begins" => {
        schedule = peak.begins
        timezone = peak.timezone
        minimum  = max(1, ceil(peak.minimum_transactions_per_second / var.capacity.transactions_per_second_per_task)) + local.spare_tasks
        maximum  = max(1, ceil(peak.transactions_per_second / var.capacity.transactions_per_second_per_task)) + local.spare_tasks
      }
    },
    {
      for name, peak in var.peaks : "${name}-ends" => merge(
        { schedule = peak.ends, timezone = peak.timezone },
        local.tasks,
      )
    },
  )
}

resource "aws_appautoscaling_target" "tasks" {
  service_namespace  = "ecs"
  resource_id        = "service/${local.cluster_name}/${aws_ecs_service.service.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = local.tasks.minimum
  max_capacity       = local.tasks.maximum
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  resource_id        = aws_appautoscaling_target.tasks.resource_id
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.scaling.cpu_percent
    scale_in_cooldown  = var.scaling.scale_in_cooldown_seconds
    scale_out_cooldown = var.scaling.scale_out_cooldown_seconds

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# Of several policies the one that wants the most tasks decides.
resource "aws_appautoscaling_policy" "requests" {
  count = var.scaling.requests_metric == null ? 0 : 1

  name               = "${var.name}-requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  resource_id        = aws_appautoscaling_target.tasks.resource_id
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension

  target_tracking_scaling_policy_configuration {
    # Requests a minute and task, a fifth below what a task was tested for: new ones take a while to start.
    target_value       = var.capacity.transactions_per_second_per_task * 60 * 0.8
    scale_in_cooldown  = var.scaling.scale_in_cooldown_seconds
    scale_out_cooldown = var.scaling.scale_out_cooldown_seconds

    customized_metric_specification {
      metrics {
        id          = "requests"
        return_data = false

        metric_stat {
          stat = "Sum"

          metric {
            namespace   = var.scaling.requests_metric.namespace
            metric_name = var.scaling.requests_metric.name

            dynamic "dimensions" {
              for_each = var.scaling.requests_metric.dimensions
              content {
                name  = dimensions.key
                value = dimensions.value
              }
            }
          }
        }
      }

      metrics {
        id          = "tasks"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"

            dynamic "dimensions" {
              for_each = local.service_dimensions
              content {
                name  = dimensions.key
                value = dimensions.value
              }
            }
          }
        }
      }

      metrics {
        id          = "requests_per_task"
        expression  = "requests / tasks"
        return_data = true
      }
    }
  }
}

resource "aws_appautoscaling_scheduled_action" "peak" {
  for_each = local.scheduled_bounds

  name               = "${var.name}-${each.key}"
  service_namespace  = aws_appautoscaling_target.tasks.service_namespace
  resource_id        = aws_appautoscaling_target.tasks.resource_id
  scalable_dimension = aws_appautoscaling_target.tasks.scalable_dimension
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    min_capacity = each.value.minimum
    max_capacity = each.value.maximum
  }
}
