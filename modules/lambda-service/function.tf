resource "aws_lambda_function" "service" {
  function_name = var.name
  description   = var.description
  role          = aws_iam_role.function.arn

  filename          = var.artifact.path
  s3_bucket         = try(var.artifact.s3.bucket, null)
  s3_key            = try(var.artifact.s3.key, null)
  s3_object_version = try(var.artifact.s3.object_version, null)
  source_code_hash  = var.artifact.sha256_base64

  architectures                  = ["arm64"]
  code_signing_config_arn        = var.code_signing_config_arn
  handler                        = var.handler
  kms_key_arn                    = local.kms_key_arn
  memory_size                    = var.memory_mb
  publish                        = true
  reserved_concurrent_executions = var.concurrency.reserved
  runtime                        = var.runtime
  timeout                        = var.timeout_seconds

  # An empty block would never match what Lambda reports.
  dynamic "environment" {
    for_each = length(var.environment) > 0 ? [var.environment] : []
    content {
      variables = environment.value
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function.name
    application_log_level = var.logs.level
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnet_ids         = vpc_config.value.subnet_ids
    }
  }

  # Lambda checks at creation that the role can decrypt and write logs.
  depends_on = [aws_iam_role_policy.function]
}
