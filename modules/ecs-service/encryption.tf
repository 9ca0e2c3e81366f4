data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  region      = data.aws_service.logs.region
  kms_key_arn = var.kms_key == null ? aws_kms_key.service[0].arn : var.kms_key.arn
}

resource "aws_kms_key" "service" {
  count = var.kms_key == null ? 1 : 0

  description             = "Encrypts the logs, images and secrets of ${var.name}"
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = jsonencode(local.key_policy)
}

resource "aws_kms_alias" "service" {
  count = var.kms_key == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.service[0].key_id
}

locals {
  key_policy = {
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
          ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = [local.log_group_arn, local.insights_log_group_arn] }
        }
      },
    ]
  }
}
