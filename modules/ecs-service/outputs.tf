output "alarm_names" {
  description = "Names of the alarms, by what they watch."
  value = merge(
    { for name, alarm in aws_cloudwatch_metric_alarm.utilization : name => alarm.alarm_name },
    {
      failed_deployment = aws_cloudwatch_metric_alarm.failed_deployment.alarm_name
      missing_tasks     = aws_cloudwatch_metric_alarm.missing_tasks.alarm_name
      unhealthy_targets = aws_cloudwatch_metric_alarm.unhealthy_targets.alarm_name
    },
  )
}

output "cluster" {
  description = "The cluster, for other services to share: ARN and name."
  value = {
    arn  = local.cluster_arn
    name = local.cluster_name
  }
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "1.4.4"
      control     = "Tasks and load balancer have private addresses only"
      resource    = "aws_ecs_service.service"
      test        = "tests/modules/test_ecs_service_module.py::test_nothing_is_public_and_nobody_gets_a_shell"
    },
    {
      requirement = "2.2.6"
      control     = "The container runs without root, capabilities and a writable root filesystem"
      resource    = "aws_ecs_task_definition.service"
      test        = "tests/modules/test_ecs_service_module.py::test_container_is_hardened"
    },
    {
      requirement = "3.5.1"
      control     = "Images and logs are encrypted under a customer-managed key"
      resource    = "aws_ecr_repository.service"
      test        = "tests/modules/test_ecs_service_module.py::test_everything_is_encrypted_under_one_key"
    },
    {
      requirement = "4.2.1"
      control     = "Callers are served over TLS 1.2 or better with forward secrecy"
      resource    = "aws_lb_listener.tls"
      test        = "tests/modules/test_ecs_service_module.py::test_listener_speaks_strong_tls_only"
    },
    {
      requirement = "6.5.1"
      control     = "The code that runs is the released image, by digest"
      resource    = "aws_ecs_task_definition.service"
      test        = "tests/modules/test_ecs_service_module.py::test_image_is_named_by_digest"
    },
    {
      requirement = "7.2.5"
      control     = "ECS may start this service, the code may do what is named, and neither more"
      resource    = "aws_iam_role_policy.execution"
      test        = "tests/modules/test_ecs_service_module.py::test_roles_can_do_only_what_is_named"
    },
    {
      requirement = "8.6.2"
      control     = "Secrets come from Secrets Manager and don't stand in environment variables"
      resource    = "aws_ecs_task_definition.service"
      test        = "tests/modules/test_ecs_service_module.py::test_secrets_are_references"
    },
    {
      requirement = "10.2.1"
      control     = "The container's output is logged"
      resource    = "aws_ecs_task_definition.service"
      test        = "tests/modules/test_ecs_service_module.py::test_output_is_logged_and_kept"
    },
    {
      requirement = "10.5.1"
      control     = "Logs are kept for a known time, three months or more"
      resource    = "aws_cloudwatch_log_group.service"
      test        = "tests/modules/test_ecs_service_module.py::test_output_is_logged_and_kept"
    },
    {
      requirement = "11.3.1"
      control     = "Images are scanned when they are pushed, and can't be replaced under their tag"
      resource    = "aws_ecr_repository.service"
      test        = "tests/modules/test_ecs_service_module.py::test_images_are_scanned_and_stay_what_they_are"
    },
  ]
}

output "execution_role" {
  description = "Role with which ECS starts tasks: ARN and name."
  value = {
    arn  = aws_iam_role.execution.arn
    name = aws_iam_role.execution.name
  }
}

output "image_repository" {
  description = "The ECR repository that images are pulled from: ARN and URL."
  value       = local.repository
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts logs, images and secrets."
  value       = local.kms_key_arn
}

output "listener" {
  description = "The TLS listener: ARN and port."
  value = {
    arn  = aws_lb_listener.tls.arn
    port = aws_lb_listener.tls.port
  }
}

output "load_balancer" {
  description = "The load balancer, made here or shared: ARN, DNS name and its hosted zone's id for an alias record, and the id of API Gateway's VPC link to it."
  value       = local.load_balancer
}

output "log_group" {
  description = "The service's log group: ARN and name."
  value = {
    arn  = aws_cloudwatch_log_group.service.arn
    name = aws_cloudwatch_log_group.service.name
  }
}

output "service" {
  description = "The service: ARN and name."
  value = {
    arn  = aws_ecs_service.service.id
    name = aws_ecs_service.service.name
  }
}

output "target_group" {
  description = "The target group of the tasks: ARN."
  value = {
    arn = aws_lb_target_group.service.arn
  }
}

output "task_definition_arn" {
  description = "ARN of the task definition that runs, with its revision."
  value       = aws_ecs_task_definition.service.arn
}

output "task_role" {
  description = "Role of the code: ARN and name."
  value = {
    arn  = aws_iam_role.task.arn
    name = aws_iam_role.task.name
  }
}
