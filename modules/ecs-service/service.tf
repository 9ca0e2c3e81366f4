resource "aws_ecs_service" "service" {
  name                    = var.name
  cluster                 = local.cluster_arn
  task_definition         = aws_ecs_task_definition.service.arn
  launch_type             = "FARGATE"
  platform_version        = "1.4.0"
  desired_count           = local.tasks.minimum
  enable_execute_command  = false
  enable_ecs_managed_tags = true
  propagate_tags          = "SERVICE"

  availability_zone_rebalancing      = "ENABLED"
  deployment_minimum_healthy_percent = var.deployment.minimum_healthy_percent
  deployment_maximum_percent         = var.deployment.maximum_percent
  health_check_grace_period_seconds  = var.health.grace_seconds

  deployment_controller {
    type = "ECS"
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    enable      = true
    rollback    = true
    alarm_names = setunion([local.unhealthy_targets_alarm_name], var.deployment.rollback_alarm_names)
  }

  network_configuration {
    assign_public_ip = false
    security_groups  = var.network.task_security_group_ids
    subnets          = var.network.subnet_ids
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.service.arn
    container_name   = local.container_name
    container_port   = var.container.port
  }

  lifecycle {
    # The first number only: from then on Application Auto Scaling sets it, between the bounds of its target.
    ignore_changes = [desired_count]
  }

  depends_on = [
    # ECS refuses a target group without a listener, and alarms that don't exist.
    aws_lb_listener.tls,
    aws_cloudwatch_metric_alarm.unhealthy_targets,
    # Without its permissions the last tasks could neither start nor drain.
    aws_iam_role_policy.execution,
    aws_iam_role_policy.secrets,
    aws_iam_role_policy.task,
  ]
}
