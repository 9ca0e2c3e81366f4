data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.logs.region

  log_groups_arn = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group"
}

# One key for what runs the platform: logs, environments, images, secrets and queues.
# Each class of data has a key of its own.
resource "aws_kms_key" "operations" {
  description             = "Encrypts logs, environments, images, secrets and queues of ${local.name}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = jsonencode(local.operations_key_policy)
}

resource "aws_kms_alias" "operations" {
  name          = "alias/${local.name}-operations"
  target_key_id = aws_kms_key.operations.key_id
}

locals {
  operations_key_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetIamPoliciesDecide"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "EncryptLogs"
        Effect    = "Allow"
        Principal = { Service = data.aws_service.logs.dns_name }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [
              "${local.log_groups_arn}:/aws/apigateway/${local.name}-*",
              "${local.log_groups_arn}:/aws/ecs/${local.name}-*",
              "${local.log_groups_arn}:/aws/ecs/containerinsights/${local.name}-*",
              "${local.log_groups_arn}:/aws/lambda/${local.name}-*",
              "${local.log_groups_arn}:/aws/vpc/${local.name}/*",
              "${local.log_groups_arn}:API-Gateway-Execution-Logs_*",
            ]
          }
        }
      },
      {
        Sid       = "EncryptQueuedEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account_id }
        }
      },
    ]
  }
}
