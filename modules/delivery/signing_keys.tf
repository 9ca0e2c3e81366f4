# Two keys, since who plans must not be able to make a release: the build signs releases, and each
# stage that plans signs what it planned. Private parts never leave KMS.

locals {
  signed = {
    plan = {
      description = "Signs records of what was planned"
      projects    = [for project, traits in local.projects : project if traits.plans]
    }
    release = {
      description = "Signs releases"
      projects    = ["build"]
    }
  }

  signing_aliases = { for thing in keys(local.signed) : thing => "alias/payments-${thing}" }
}

resource "aws_kms_key" "signing" {
  for_each = local.signed

  description              = "${each.value.description} of ${var.name}"
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = var.key_deletion_window_days

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
        # Whatever an administrator's policy allows.
        Sid       = "NobodyElseSigns"
        Effect    = "Deny"
        Principal = "*"
        Action    = "kms:Sign"
        Resource  = "*"
        Condition = {
          ArnNotEquals = {
            "aws:PrincipalArn" = [for project in each.value.projects : local.project_role_arns[project]]
          }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "signing" {
  for_each = local.signed

  name          = local.signing_aliases[each.key]
  target_key_id = aws_kms_key.signing[each.key].key_id
}
