locals {
  dead_letters_name = "${var.name}-dead-letters"
  # Composed rather than read, so that neither role nor key nor function waits
  # the half minute that a queue takes to be made.
  dead_letters_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letters_name}"
}

# An on-failure destination rather than the function's `dead_letter_config`: its
# records say what failed and why, and it belongs to the alias.
resource "aws_sqs_queue" "dead_letters" {
  name                              = local.dead_letters_name
  kms_master_key_id                 = local.kms_key_arn
  kms_data_key_reuse_period_seconds = 300
  message_retention_seconds         = 1209600 # 14 days, the longest that SQS offers
  policy                            = jsonencode(local.dead_letters_policy)
}

locals {
  dead_letters_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "RefuseInsecureTransport"
          Effect    = "Deny"
          Principal = { AWS = "*" }
          Action    = "sqs:*"
          Resource  = local.dead_letters_arn
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
      [
        for rule_arn in local.schedule_rule_arn[*] : {
          Sid       = "KeepMissedSchedules"
          Effect    = "Allow"
          Principal = { Service = "events.amazonaws.com" }
          Action    = "sqs:SendMessage"
          Resource  = local.dead_letters_arn
          Condition = { ArnEquals = { "aws:SourceArn" = rule_arn } }
        }
      ],
    )
  }
}
