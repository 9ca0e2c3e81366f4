# What environments/<environment> is applied with, from the tooling account, but for management, which
# no other account enters. What it may do depends on what the account is for; it makes no role that
# could do more than the boundary (but the one for emergencies), nor changes what is in this root.

locals {
  kinds = { log-archive = "log_archive", management = "management", tooling = "tooling" }
  kind  = lookup(local.kinds, var.environment, "workload")

  runs_workloads       = local.kind == "workload"
  deploying_account_id = local.kind == "management" ? local.account_id : local.organization.accounts.tooling

  deploy_statements = {
    log_archive = local.log_archive_statements
    management  = concat(local.management_statements, local.management_review_statements)
    tooling     = local.tooling_statements
    workload    = concat(local.service_statements, local.role_statements, local.guard_statements)
  }

  # Made here, and out of reach for whoever may make roles.
  deploy_role_name = "payments-deploy"
  baseline_roles   = concat([local.deploy_role_name], local.runs_workloads ? values(local.other_role_names) : [])
  iam_arn          = "arn:aws:iam::${local.account_id}"
}

resource "aws_iam_role" "deploy" {
  name                 = local.deploy_role_name
  description          = "Applies the payment platform's Terraform"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.deploy_trust[local.kind]
  })
}

resource "aws_iam_role_policy" "deploy" {
  name = "deploy"
  role = aws_iam_role.deploy.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.state_statements, local.deploy_statements[local.kind], local.baseline_statements)
  })
}

locals {
  state_statements = [
    {
      Sid      = "FindState"
      Effect   = "Allow"
      Action   = ["s3:GetBucketVersioning", "s3:ListBucket"]
      Resource = aws_s3_bucket.state.arn
    },
    {
      Sid      = "KeepState"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = "${aws_s3_bucket.state.arn}/*"
    },
    {
      Sid      = "EncryptState"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
      Resource = aws_kms_key.state.arn
    },
  ]

  # The last word about what this root made, in every account.
  baseline_statements = [
    {
      Sid      = "LeaveTheDeployRoleAlone"
      Effect   = "Deny"
      Action   = ["iam:Delete*", "iam:PassRole", "iam:Put*", "iam:Tag*", "iam:Untag*", "iam:Update*"]
      Resource = [for name in local.baseline_roles : "${local.iam_arn}:role/${name}"]
    },
    {
      Sid      = "LeaveTheBootstrapStateAlone"
      Effect   = "Deny"
      Action   = "s3:*"
      Resource = "${aws_s3_bucket.state.arn}/bootstrap/*"
    },
    {
      Sid       = "LeaveTheStateKeyAlone"
      Effect    = "Deny"
      NotAction = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
      Resource  = aws_kms_key.state.arn
    },
  ]
}
