# What environments/management and environments/trail need. No guardrail binds this account, so what
# isn't listed here is what protects the organization: its trail isn't stopped or deleted with this
# role, no account is closed or leaves, and no key goes.

locals {
  break_glass_arn = "${local.iam_arn}:role/payments-break-glass"
  trail_role_arn  = "${local.iam_arn}:role/payments-organization-trail"
  trail_arn       = "arn:aws:cloudtrail:${local.region}:${local.account_id}:trail/payments-organization"

  organized_services = ["cloudtrail.amazonaws.com", "config.amazonaws.com", "guardduty.amazonaws.com", "organizations.amazonaws.com", "securityhub.amazonaws.com"]

  management_statements = [
    {
      Sid    = "ManageOrganization"
      Effect = "Allow"
      Action = [
        "guardduty:DisableOrganizationAdminAccount",
        "guardduty:EnableOrganizationAdminAccount",
        "guardduty:ListOrganizationAdminAccounts",
        "organizations:AttachPolicy",
        "organizations:Create*",
        "organizations:DeleteOrganizationalUnit",
        "organizations:DeletePolicy",
        "organizations:DeregisterDelegatedAdministrator",
        "organizations:Describe*",
        "organizations:DetachPolicy",
        "organizations:DisableAWSServiceAccess",
        "organizations:Enable*",
        "organizations:List*",
        "organizations:MoveAccount",
        "organizations:RegisterDelegatedAdministrator",
        "organizations:TagResource",
        "organizations:UntagResource",
        "organizations:UpdateOrganizationalUnit",
        "organizations:UpdatePolicy",
      ]
      Resource = "*"
    },
    {
      Sid    = "KeepTrail"
      Effect = "Allow"
      Action = [
        "cloudtrail:AddTags",
        "cloudtrail:CreateTrail",
        "cloudtrail:Get*",
        "cloudtrail:ListTags",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:RemoveTags",
        "cloudtrail:StartLogging",
        "cloudtrail:UpdateTrail",
      ]
      Resource = local.trail_arn
    },
    {
      # These name their resources by generated ids, or list without any name.
      Sid    = "ManageUnnamedResources"
      Effect = "Allow"
      Action = [
        "cloudtrail:DeregisterOrganizationDelegatedAdmin",
        "cloudtrail:DescribeTrails",
        "cloudtrail:RegisterOrganizationDelegatedAdmin",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
        "kms:CreateAlias",
        "kms:CreateKey",
        "kms:DeleteAlias",
        "kms:DescribeKey",
        "kms:EnableKeyRotation",
        "kms:Get*",
        "kms:List*",
        "kms:PutKeyPolicy",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription",
        "logs:AssociateKmsKey",
        "logs:CreateLogGroup",
        "logs:DeleteMetricFilter",
        "logs:Describe*",
        "logs:ListTagsForResource",
        "logs:PutMetricFilter",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      Sid    = "ManageSecurityTopicAndRules"
      Effect = "Allow"
      Action = ["events:*", "sns:*"]
      Resource = [
        "arn:aws:events:${local.region}:${local.account_id}:rule/payments-*",
        "arn:aws:sns:${local.region}:${local.account_id}:payments-*",
      ]
    },
    {
      # Whoever may lift guardrails can't be under a boundary that forbids it: the role is named.
      Sid      = "MakeBreakGlassRole"
      Effect   = "Allow"
      Action   = "iam:CreateRole"
      Resource = local.break_glass_arn
    },
    {
      Sid       = "MakeBoundedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
      Resource  = [local.forwarding_role_arn, local.trail_role_arn]
      Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.workload_boundary.arn } }
    },
    {
      Sid    = "ManageRoles"
      Effect = "Allow"
      Action = [
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
        "iam:ListRoleTags",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ]
      Resource = [local.break_glass_arn, local.forwarding_role_arn, local.trail_role_arn]
    },
    {
      Sid       = "HandTheTrailsRoleOver"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = local.trail_role_arn
      Condition = { StringEquals = { "iam:PassedToService" = "cloudtrail.amazonaws.com" } }
    },
    {
      Sid       = "LetServicesWorkForTheOrganization"
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = [for service in local.organized_services : "${local.iam_arn}:role/aws-service-role/${service}/*"]
      Condition = { StringEquals = { "iam:AWSServiceName" = local.organized_services } }
    },
    {
      # Entering accounts is for people, who sign in; a pipeline applies what is reviewed.
      Sid      = "NeverEnterAnAccount"
      Effect   = "Deny"
      Action   = "sts:AssumeRole"
      Resource = "*"
    },
  ]

  management_boundary = [
    {
      Sid      = "WriteTheTrailsCopy"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:${local.region}:${local.account_id}:log-group:/aws/cloudtrail/payments-*"
    },
  ]
}
