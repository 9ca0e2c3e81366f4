# What environments/dev and its likes need: the platform's resources by name. It doesn't search payments.

locals {
  service_statements = [
    {
      Sid    = "ManageNamedResources"
      Effect = "Allow"
      Action = ["dynamodb:*", "events:*", "lambda:*", "sqs:*"]
      Resource = [
        "arn:aws:dynamodb:${local.region}:${local.account_id}:table/payments-*",
        "arn:aws:events:${local.region}:${local.account_id}:event-bus/payments-*",
        "arn:aws:events:${local.region}:${local.account_id}:rule/payments-*",
        "arn:aws:lambda:${local.region}:${local.account_id}:function:payments-*",
        "arn:aws:sqs:${local.region}:${local.account_id}:payments-*",
      ]
    },
    {
      # These name their resources by generated ids, or list without any name.
      Sid    = "ManageUnnamedResources"
      Effect = "Allow"
      Action = [
        "apigateway:*",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DeleteDashboards",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetDashboard",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutCompositeAlarm",
        "cloudwatch:PutDashboard",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
        "dynamodb:DescribeContinuousBackups",
        "kms:CancelKeyDeletion",
        "kms:CreateAlias",
        "kms:CreateKey",
        "kms:DeleteAlias",
        "kms:Describe*",
        "kms:EnableKeyRotation",
        "kms:Get*",
        "kms:List*",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:Update*",
        "lambda:GetCodeSigningConfig",
        "logs:AssociateKmsKey",
        "logs:CreateLogDelivery",
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:DeleteQueryDefinition",
        "logs:DescribeLogGroups",
        "logs:DescribeQueryDefinitions",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:ListTagsForResource",
        "logs:PutQueryDefinition",
        "logs:PutResourcePolicy",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
        "logs:UpdateLogDelivery",
      ]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
    },
    {
      Sid      = "EncryptThroughServices"
      Effect   = "Allow"
      Action   = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      Resource = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
      Condition = {
        StringLike = { "kms:ViaService" = [for service in ["dynamodb", "ecr", "lambda", "secretsmanager"] : "${service}.${local.region}.amazonaws.com"] }
      }
    },
  ]

  working_services = [
    "ecs.amazonaws.com",
    "ecs.application-autoscaling.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "ops.apigateway.amazonaws.com",
  ]

  role_arns = ["${local.iam_arn}:role/merchant-*", "${local.iam_arn}:role/payments-*"]

  role_statements = [
    {
      Sid       = "MakeBoundedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
      Resource  = local.role_arns
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
      Resource = local.role_arns
    },
    {
      Sid      = "HandRolesToServices"
      Effect   = "Allow"
      Action   = "iam:PassRole"
      Resource = "${local.iam_arn}:role/payments-*"
      Condition = {
        StringEquals = {
          "iam:PassedToService" = ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]
        }
      }
    },
    {
      Sid       = "LetServicesWorkForUs"
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = [for service in local.working_services : "${local.iam_arn}:role/aws-service-role/${service}/*"]
      Condition = { StringEquals = { "iam:AWSServiceName" = local.working_services } }
    },
  ]

  guard_statements = [
    {
      Sid    = "NeverSearchPayments"
      Effect = "Deny"
      Action = [
        "dynamodb:BatchGetItem",
        "dynamodb:ExportTableToPointInTime",
        "dynamodb:GetRecords",
        "dynamodb:PartiQL*",
        "dynamodb:PutResourcePolicy",
        "dynamodb:Query",
        "dynamodb:Scan",
        "lambda:Invoke*",
      ]
      Resource = "*"
    },
    {
      Sid      = "LeaveTheAccountsBaselineAlone"
      Effect   = "Deny"
      Action   = ["iam:Delete*", "iam:PassRole", "iam:Put*", "iam:Tag*", "iam:Untag*", "iam:Update*"]
      Resource = aws_iam_role.api_gateway_logs[*].arn
    },
    {
      Sid      = "LeaveThePublicZoneInPlace"
      Effect   = "Deny"
      Action   = ["route53:DeleteHostedZone", "route53:UpdateHostedZoneComment"]
      Resource = aws_route53_zone.public[*].arn
    },
    {
      Sid      = "LeaveTheAccountSettingsAlone"
      Effect   = "Deny"
      Action   = ["apigateway:PATCH"]
      Resource = "arn:aws:apigateway:${local.region}::/account"
    },
  ]
  # Which release the account runs, for whoever asks.
  release_statements = [
    {
      Sid    = "TellTheRelease"
      Effect = "Allow"
      Action = [
        "ssm:AddTagsToResource",
        "ssm:DeleteParameter",
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
        "ssm:ListTagsForResource",
        "ssm:PutParameter",
        "ssm:RemoveTagsFromResource",
      ]
      Resource = "arn:aws:ssm:${local.region}:${local.account_id}:parameter/payments/*"
    },
    {
      Sid       = "FindTheRelease"
      Effect    = "Allow"
      Action    = "ssm:DescribeParameters"
      Resource  = "*"
      Condition = local.in_region
    },
  ]
}
