variable "artifact" {
  description = "Path of the function's zip."
  type        = string
  nullable    = false
}

resource "aws_iam_role" "function" {
  name                 = "service"
  max_session_duration = local.changed ? 7200 : 3600
  permissions_boundary = aws_iam_policy.boundary.arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = local.changed ? ["logs:*", "sqs:*", "kms:*"] : ["logs:*", "sqs:*"], Resource = "*" }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "function"
  role = aws_iam_role.function.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.function.arn}:*" }]
  })
}

resource "aws_iam_role_policy_attachment" "traces" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/service"
  kms_key_id        = aws_kms_key.service.arn
  log_group_class   = "STANDARD"
  retention_in_days = local.changed ? 365 : 90
}

resource "aws_cloudwatch_log_data_protection_policy" "function" {
  log_group_name = aws_cloudwatch_log_group.function.name

  policy_document = jsonencode({
    Name    = "cards"
    Version = "2021-06-01"
    Statement = [
      {
        Sid            = "Audit"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"]
        Operation      = { Audit = { FindingsDestination = {} } }
      },
      {
        Sid            = "Mask"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"]
        Operation      = { Deidentify = { MaskConfig = {} } }
      },
    ]
  })
}

resource "aws_lambda_function" "service" {
  function_name                  = "service"
  description                    = "Revision ${var.revision}"
  role                           = aws_iam_role.function.arn
  filename                       = var.artifact
  source_code_hash               = filebase64sha256(var.artifact)
  architectures                  = ["arm64"]
  code_signing_config_arn        = aws_lambda_code_signing_config.release.arn
  handler                        = "service.handle"
  kms_key_arn                    = aws_kms_key.service.arn
  memory_size                    = local.changed ? 512 : 256
  publish                        = true
  reserved_concurrent_executions = local.changed ? 20 : 10
  runtime                        = "python3.13"
  timeout                        = 10

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters.arn
  }

  environment {
    variables = { REVISION = var.revision }
  }

  ephemeral_storage {
    size = 512
  }

  logging_config {
    application_log_level = local.changed ? "DEBUG" : "INFO"
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function.name
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_code_signing_config" "release" {
  description = "Revision ${var.revision}"

  allowed_publishers {
    signing_profile_version_arns = ["arn:aws:signer:${local.region}:${var.account_id}:/signing-profiles/release/aB3dE6gH9j"]
  }

  policies {
    untrusted_artifact_on_deployment = local.changed ? "Enforce" : "Warn"
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.service.function_name
  function_version = local.changed ? "1" : aws_lambda_function.service.version

  dynamic "routing_config" {
    for_each = local.changed ? [aws_lambda_function.service.version] : []
    content {
      additional_version_weights = { (routing_config.value) = 0.1 }
    }
  }
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = aws_lambda_function.service.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = local.changed ? 2 : 1
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.service.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_event_age_in_seconds = local.changed ? 120 : 60
  maximum_retry_attempts       = 1

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_lambda_permission" "api" {
  statement_id  = "InvokeFromApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.service.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.service.execution_arn}/*/POST/merchants/*"
}

resource "aws_lambda_permission" "schedule" {
  statement_id   = "InvokeFromSchedule"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.service.function_name
  qualifier      = aws_lambda_alias.live.name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.sweep.arn
  source_account = var.account_id
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "service-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.service.function_name, Resource = "service:live" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.changed ? 1 : 0
  treat_missing_data  = "notBreaching"
}
