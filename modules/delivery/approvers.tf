# For those who approve. That two of them did, and neither the author, is checked by the project
# `prod-approve` and once more before anything is applied.

locals {
  approving_statements = [
    {
      Sid      = "Approve"
      Effect   = "Allow"
      Action   = "codepipeline:PutApprovalResult"
      Resource = [for action in local.approvals : "${local.pipeline_arn}/prod-approve/${action}"]
    },
    {
      Sid    = "SeeThePipeline"
      Effect = "Allow"
      Action = [
        "codepipeline:GetPipeline",
        "codepipeline:GetPipelineExecution",
        "codepipeline:GetPipelineState",
        "codepipeline:ListActionExecutions",
        "codepipeline:ListPipelineExecutions",
      ]
      Resource = local.pipeline_arn
    },
    {
      # Without the plan itself, which holds the state's secrets.
      Sid      = "ReadPlanRecords"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${aws_s3_bucket.artifacts.arn}/plans/production/*/plan-record.json"
    },
    {
      Sid       = "DecryptPlanRecords"
      Effect    = "Allow"
      Action    = "kms:Decrypt"
      Resource  = aws_kms_key.artifacts.arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
    },
  ]
}

# For roles that tell people apart by themselves, such as those of IAM Identity Center.
resource "aws_iam_policy" "approve" {
  name        = "${var.name}-approve"
  description = "Looks at what ${var.name} plans for production, and approves it"

  policy = jsonencode({ Version = "2012-10-17", Statement = local.approving_statements })
}

# For IAM users of this account: who could choose the session's name would be two people.
resource "aws_iam_role" "approver" {
  name                 = "${var.name}-approver"
  description          = "Approves what ${var.name} plans for production"
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PeopleWithMfaUnderTheirOwnNames"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
      Action    = "sts:AssumeRole"
      Condition = {
        Bool         = { "aws:MultiFactorAuthPresent" = "true" }
        StringEquals = { "sts:RoleSessionName" = "$${aws:username}" }
      }
    }]
  })
}

resource "aws_iam_role_policy" "approver" {
  name   = "approve"
  role   = aws_iam_role.approver.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.approving_statements })
}
