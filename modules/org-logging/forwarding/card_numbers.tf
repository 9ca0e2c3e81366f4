# Masking is a detector: what was logged was logged, and shows to whoever has logs:Unmask. Card
# numbers don't belong in logs, and a finding is an incident.
resource "aws_cloudwatch_log_account_policy" "card_numbers" {
  policy_name = "${var.name}-card-numbers"
  policy_type = "DATA_PROTECTION_POLICY"
  scope       = "ALL"

  policy_document = jsonencode({
    Name        = "${var.name}-card-numbers"
    Description = "Detects and masks card numbers in every log group of the account"
    Version     = "2021-06-01"
    Statement = [
      {
        Sid            = "Detect"
        DataIdentifier = local.identifiers
        Operation = {
          Audit = { FindingsDestination = { CloudWatchLogs = { LogGroup = aws_cloudwatch_log_group.findings.name } } }
        }
      },
      {
        # The list of above, or CloudWatch Logs refuses the policy.
        Sid            = "Mask"
        DataIdentifier = local.identifiers
        Operation      = { Deidentify = { MaskConfig = {} } }
      },
    ]
  })
}

locals {
  identifiers = [
    for identifier in sort(var.detected_identifiers) : "arn:${local.partition}:dataprotection::aws:data-identifier/${identifier}"
  ]
}

resource "aws_cloudwatch_log_group" "findings" {
  name              = local.findings_group_name
  kms_key_id        = aws_kms_key.findings.arn
  retention_in_days = var.findings_days
}

resource "aws_kms_key" "findings" {
  description             = "Encrypts findings of card numbers in the logs of ${var.name}"
  deletion_window_in_days = var.key_deletion_window_days
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
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "${local.log_groups_arn}:${local.findings_group_name}" } }
      },
    ]
  })
}

resource "aws_kms_alias" "findings" {
  name          = "alias/${var.name}-log-findings"
  target_key_id = aws_kms_key.findings.key_id
}

resource "aws_cloudwatch_log_metric_filter" "findings" {
  name           = "${var.name}-card-numbers"
  log_group_name = aws_cloudwatch_log_group.findings.name
  pattern        = ""

  metric_transformation {
    name      = "CardNumbersInLogs"
    namespace = "OrgLogging/${var.name}"
    value     = "1"
  }
}
