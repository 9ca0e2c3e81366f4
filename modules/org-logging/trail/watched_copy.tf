# A copy for the alarms: minutes after a call, of every account, in the account of the trail.

resource "aws_cloudwatch_log_group" "trail" {
  count = local.makes_trail ? 1 : 0

  name              = "/aws/cloudtrail/${var.name}"
  kms_key_id        = aws_kms_key.watched_copy[0].arn
  retention_in_days = var.watched_days
}

resource "aws_kms_key" "watched_copy" {
  count = local.makes_trail ? 1 : 0

  description             = "Encrypts the watched copy of ${var.name}"
  deletion_window_in_days = 30
  enable_key_rotation     = true

  policy = jsonencode({
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
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = local.log_group_arn } }
      },
    ]
  })
}

resource "aws_kms_alias" "watched_copy" {
  count = local.makes_trail ? 1 : 0

  name          = "alias/${var.name}-trail"
  target_key_id = aws_kms_key.watched_copy[0].key_id
}

resource "aws_iam_role" "trail" {
  count = local.makes_trail ? 1 : 0

  name                 = "${var.name}-trail"
  description          = "Lets ${var.name} write its copy to CloudWatch Logs"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTrailWrite"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account_id
          "aws:SourceArn"     = local.trail_arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "trail" {
  count = local.makes_trail ? 1 : 0

  name = "write-copy"
  role = aws_iam_role.trail[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteCopy"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.log_group_arn}:log-stream:*"
    }]
  })
}
