# What the platform's roots have in common with a promotion, and nothing else: few resources, so that plans are quick.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "canary" {
  description = "Version that serves, and the share of the new one."
  type = object({
    stable_version = string
    weight         = number
  })
  default = null
}

variable "release_directory" {
  description = "Folder of the release."
  type        = string
  default     = "../../dist"
}

variable "role" {
  description = "Role that the provider assumes; empty for the credentials as they are."
  type        = string
  default     = "deploy"
  ephemeral   = true
  nullable    = false
}

locals {
  organization = jsondecode(file("${path.module}/../organization.json"))
  account_id   = local.organization.accounts[local.environment]
  release      = jsondecode(file("${var.release_directory}/release.json"))
}

provider "aws" {
  region              = local.organization.region
  allowed_account_ids = [local.account_id]

  dynamic "assume_role" {
    for_each = var.role == "" ? [] : [var.role]
    content {
      role_arn = "arn:aws:iam::${local.account_id}:role/payments-${assume_role.value}"
    }
  }

  default_tags {
    tags = { environment = local.environment }
  }
}

data "aws_caller_identity" "current" {}

resource "aws_ssm_parameter" "release" {
  name = "/payments/release"
  type = "String"

  value = jsonencode({
    digest  = filesha256("${var.release_directory}/release.json")
    version = local.release.version
  })
}

resource "aws_ssm_parameter" "settings" {
  name        = "/payments/settings"
  description = "Of ${local.release.version} in payments-${local.environment}, account ${data.aws_caller_identity.current.account_id}"
  type        = "SecureString"
  value       = "not-for-the-summary"
}

resource "aws_s3_bucket" "receipts" {
  bucket = "payments-${local.environment}-receipts-${local.account_id}"
}

resource "aws_iam_role" "gateway" {
  name = "payments-${local.environment}-transaction-gateway"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_lambda_function" "gateway" {
  function_name    = "payments-${local.environment}-transaction-gateway"
  role             = aws_iam_role.gateway.arn
  filename         = "${var.release_directory}/transaction_gateway.zip"
  source_code_hash = local.release.functions.transaction_gateway.sha256_base64
  handler          = "handler.handle"
  runtime          = "python3.13"
  publish          = true
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.gateway.function_name
  function_version = var.canary == null ? aws_lambda_function.gateway.version : var.canary.stable_version

  dynamic "routing_config" {
    for_each = [for canary in var.canary[*] : canary if canary.weight > 0]
    content {
      additional_version_weights = { (aws_lambda_function.gateway.version) = routing_config.value.weight }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "payments-${local.environment}-transaction-gateway-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.gateway.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
}

output "functions" {
  description = "The functions, as the platform tells them."
  value = {
    transaction_gateway = {
      name    = aws_lambda_function.gateway.function_name
      version = aws_lambda_function.gateway.version
    }
  }
}
