resource "aws_ecs_task_definition" "service" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.container.cpu_units
  memory                   = var.container.memory_mb
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  # Said here, so that a plan tells where the container's lines go.
  container_definitions = jsonencode([merge(local.container_definition, {
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.service.name
        awslogs-region        = local.region
        awslogs-stream-prefix = local.container_name
        # A service that waits for its logs stops answering when they can't be delivered.
        mode            = "non-blocking"
        max-buffer-size = "25m"
      }
    }
  })])

  runtime_platform {
    cpu_architecture        = var.container.architecture
    operating_system_family = "LINUX"
  }

  lifecycle {
    # The running revision is given up only when the service has the next one.
    create_before_destroy = true
  }
}

locals {
  container_name = "service"

  container_definition = {
    name        = local.container_name
    image       = "${local.repository.url}@${var.image.digest}"
    command     = var.container.command
    essential   = true
    stopTimeout = var.container.stop_timeout_seconds
    user        = var.container.user

    readonlyRootFilesystem = true
    linuxParameters = {
      capabilities       = { drop = ["ALL"] }
      initProcessEnabled = true
    }

    portMappings = [{
      containerPort = var.container.port
      hostPort      = var.container.port
      protocol      = "tcp"
    }]

    # In the order in which ECS returns them.
    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name].arn }]
  }

  environment = merge(var.environment, { PORT = tostring(var.container.port) })
}
