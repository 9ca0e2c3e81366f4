data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_service" "dynamodb" {
  service_id = "dynamodb"
}

locals {
  account_root = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
}

resource "aws_kms_key" "data_class" {
  description             = "Encrypts the ${var.data_class} tables of ${var.name}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = jsonencode(local.key_policy)
}

resource "aws_kms_alias" "data_class" {
  name          = "alias/${var.name}-${var.data_class}"
  target_key_id = aws_kms_key.data_class.key_id
}

locals {
  # Administration and use are apart: an administrator of the account can manage
  # the key but decrypts nothing with it, and its use always passes DynamoDB.
  key_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AdministerKey"
        Effect    = "Allow"
        Principal = { AWS = local.account_root }
        Action = [
          "kms:CancelKeyDeletion",
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:Describe*",
          "kms:DisableKey*",
          "kms:EnableKey*",
          "kms:Get*",
          "kms:List*",
          "kms:PutKeyPolicy",
          "kms:RevokeGrant",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateAlias",
          "kms:UpdateKeyDescription",
        ]
        Resource = "*"
      },
      {
        Sid       = "UseThroughDynamoDB"
        Effect    = "Allow"
        Principal = { AWS = local.account_root }
        Action = [
          "kms:CreateGrant",
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey*",
          "kms:ReEncrypt*",
        ]
        Resource = "*"
        Condition = {
          StringEquals = { "kms:ViaService" = data.aws_service.dynamodb.dns_name }
        }
      },
    ]
  }
}
