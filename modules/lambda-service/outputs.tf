output "alias" {
  description = "The `live` alias, the only way to call the function; pass it as an integration of the api-gateway module."
  value = {
    arn           = aws_lambda_alias.live.arn
    function_name = aws_lambda_function.service.function_name
    invoke_arn    = aws_lambda_alias.live.invoke_arn
    name          = aws_lambda_alias.live.name
  }
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "3.5.1"
      control     = "Environment, logs and dead letters are encrypted under a customer-managed key"
      resource    = "aws_lambda_function.service"
      test        = "tests/modules/test_lambda_service_module.py::test_everything_is_encrypted_under_one_key"
    },
    {
      requirement = "6.3.3"
      control     = "Only runtimes that AWS patches are accepted"
      resource    = "aws_lambda_function.service"
      test        = "tests/modules/test_lambda_service_module.py::test_invalid_input_is_refused"
    },
    {
      requirement = "6.5.1"
      control     = "The code that runs is the released artifact, by digest"
      resource    = "aws_lambda_function.service"
      test        = "tests/modules/test_lambda_service_module.py::test_tampered_zip_is_refused"
    },
    {
      requirement = "7.2.5"
      control     = "The role can do what is named, nowhere else, and callers reach the alias alone"
      resource    = "aws_iam_role_policy.function"
      test        = "tests/modules/test_lambda_service_module.py::test_role_can_do_only_what_is_named"
    },
    {
      requirement = "8.6.2"
      control     = "Secrets don't stand in environment variables"
      resource    = "aws_lambda_function.service"
      test        = "tests/modules/test_lambda_service_module.py::test_invalid_input_is_refused"
    },
    {
      requirement = "10.5.1"
      control     = "Logs are kept for a known time, three months or more"
      resource    = "aws_cloudwatch_log_group.function"
      test        = "tests/modules/test_lambda_service_module.py::test_logs_are_structured_and_kept"
    },
  ]
}

output "dead_letter_queue" {
  description = "Queue of the events that failed for good: ARN, name and URL."
  value = {
    arn  = aws_sqs_queue.dead_letters.arn
    name = aws_sqs_queue.dead_letters.name
    url  = aws_sqs_queue.dead_letters.url
  }
}

output "function" {
  description = "The function: ARN, name, and the version that was published last."
  value = {
    arn     = aws_lambda_function.service.arn
    name    = aws_lambda_function.service.function_name
    version = aws_lambda_function.service.version
  }
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts environment, logs and dead letters."
  value       = local.kms_key_arn
}

output "log_group" {
  description = "The function's log group: ARN and name."
  value = {
    arn  = aws_cloudwatch_log_group.function.arn
    name = aws_cloudwatch_log_group.function.name
  }
}

output "role" {
  description = "The execution role: ARN and name."
  value = {
    arn  = aws_iam_role.function.arn
    name = aws_iam_role.function.name
  }
}

output "schedule_rule_name" {
  description = "Name of the EventBridge rule that runs the function; null without a schedule."
  value       = var.schedule == null ? null : aws_cloudwatch_event_rule.schedule[0].name
}
