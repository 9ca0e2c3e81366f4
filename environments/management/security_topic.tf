# Who is told when guardrails are about to be lifted, and of what the trail's alarms notice.

locals {
  alarming_services = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
}

resource "aws_sns_topic" "security" {
  name              = "payments-security"
  kms_master_key_id = aws_kms_key.security.arn
}

resource "aws_sns_topic_policy" "security" {
  arn = aws_sns_topic.security.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetAlarmsBeHeard"
      Effect    = "Allow"
      Principal = { Service = local.alarming_services }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.security.arn
      Condition = {
        ArnLike = {
          # Alarms of every account: each has its logs reviewed.
          "aws:SourceArn" = concat(
            [for id in values(local.known.accounts) : "arn:aws:cloudwatch:${local.known.region}:${id}:alarm:payments-*"],
            ["arn:aws:events:${local.known.region}:${local.account_id}:rule/payments-*"],
          )
        }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "security" {
  for_each = var.security_emails

  topic_arn = aws_sns_topic.security.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_kms_key" "security" {
  description             = "Encrypts what the security topic tells"
  deletion_window_in_days = 30
  enable_key_rotation     = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetIamPoliciesDecide"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${local.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LetAlarmsBeHeard"
        Effect    = "Allow"
        Principal = { Service = local.alarming_services }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = values(local.known.accounts) } }
      },
    ]
  })
}
