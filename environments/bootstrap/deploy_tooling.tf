# What environments/tooling needs: the pipeline, by name. It runs no stage, approves nothing and signs nothing.

locals {
  delivery_role_arns = "${local.iam_arn}:role/payments-delivery-*"

  tooling_statements = [
    {
      Sid    = "ManagePipeline"
      Effect = "Allow"
      Action = [
        "codebuild:BatchGetProjects",
        "codebuild:CreateProject",
        "codebuild:DeleteProject",
        "codebuild:UpdateProject",
        "codepipeline:CreatePipeline",
        "codepipeline:DeletePipeline",
        "codepipeline:GetPipeline",
        "codepipeline:ListTagsForResource",
        "codepipeline:TagResource",
        "codepipeline:UntagResource",
        "codepipeline:UpdatePipeline",
      ]
      Resource = [
        "arn:aws:codebuild:${local.region}:${local.account_id}:project/payments-*",
        "arn:aws:codepipeline:${local.region}:${local.account_id}:payments-*",
      ]
    },
    {
      # AWS has two names for connections, and asks for either.
      Sid    = "ManageConnections"
      Effect = "Allow"
      Action = flatten([
        for service in ["codeconnections", "codestar-connections"] : [
          for action in ["CreateConnection", "DeleteConnection", "GetConnection", "ListTagsForResource", "PassConnection", "TagResource", "UntagResource"] : "${service}:${action}"
        ]
      ])
      Resource = [
        for service in ["codeconnections", "codestar-connections"] : "arn:aws:${service}:${local.region}:${local.account_id}:connection/*"
      ]
    },
    {
      Sid    = "ManageArtifactStore"
      Effect = "Allow"
      Action = [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucket*",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucket",
        "s3:ListTagsForResource",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketTagging",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:TagResource",
        "s3:UntagResource",
      ]
      Resource = "arn:aws:s3:::payments-delivery-artifacts-${local.account_id}"
    },
    {
      # These name their resources by generated ids, or list without any name.
      Sid    = "ManageUnnamedResources"
      Effect = "Allow"
      Action = [
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
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
        "logs:AssociateKmsKey",
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:Describe*",
        "logs:ListTagsForResource",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      Sid    = "ManageTopicAndRules"
      Effect = "Allow"
      Action = ["events:*", "sns:*"]
      Resource = [
        "arn:aws:events:${local.region}:${local.account_id}:rule/payments-*",
        "arn:aws:sns:${local.region}:${local.account_id}:payments-*",
      ]
    },
    {
      Sid       = "MakeBoundedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
      Resource  = [local.delivery_role_arns, local.forwarding_role_arn]
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
      Resource = [local.delivery_role_arns, local.forwarding_role_arn]
    },
    {
      # Attaching it to people is for whoever administers them.
      Sid    = "ManageApproversPolicy"
      Effect = "Allow"
      Action = [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyTags",
        "iam:ListPolicyVersions",
        "iam:TagPolicy",
        "iam:UntagPolicy",
      ]
      Resource = "${local.iam_arn}:policy/payments-delivery-approve"
    },
    {
      Sid      = "HandRolesToServices"
      Effect   = "Allow"
      Action   = "iam:PassRole"
      Resource = local.delivery_role_arns
      Condition = {
        StringEquals = { "iam:PassedToService" = ["codebuild.amazonaws.com", "codepipeline.amazonaws.com", "events.amazonaws.com"] }
      }
    },
    {
      # Who changes the pipeline must not be who uses it.
      Sid    = "NeverReleaseAnything"
      Effect = "Deny"
      Action = [
        "codebuild:StartBuild*",
        "codepipeline:OverrideStageCondition",
        "codepipeline:PutApprovalResult",
        "codepipeline:RollbackStage",
        "codepipeline:StartPipelineExecution",
        "kms:Sign",
        "sts:AssumeRole",
      ]
      Resource = "*"
    },
  ]

  pipelines_doing = [
    "codebuild:BatchGetBuilds",
    "codebuild:StartBuild",
    "codebuild:StopBuild",
    "codepipeline:Get*",
    "codepipeline:List*",
    "sns:Publish",
  ]

  tooling_boundary = [
    {
      Sid      = "KeepArtifacts"
      Effect   = "Allow"
      Action   = ["s3:GetBucket*", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject"]
      Resource = [for path in ["", "/*"] : "arn:aws:s3:::payments-delivery-artifacts-${local.account_id}${path}"]
    },
    {
      Sid      = "UseKeysOfThisAccount"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:GetPublicKey", "kms:ReEncrypt*", "kms:Sign", "kms:Verify"]
      Resource = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
    },
    {
      Sid      = "NeverReadState"
      Effect   = "Deny"
      Action   = "kms:*"
      Resource = aws_kms_key.state.arn
    },
    {
      Sid    = "RunStages"
      Effect = "Allow"
      Action = local.pipelines_doing
      Resource = [
        "arn:aws:codebuild:${local.region}:${local.account_id}:project/payments-delivery-*",
        "arn:aws:codepipeline:${local.region}:${local.account_id}:payments-delivery",
        "arn:aws:sns:${local.region}:${local.account_id}:payments-delivery",
      ]
    },
    {
      Sid       = "Approve"
      Effect    = "Allow"
      Action    = "codepipeline:PutApprovalResult"
      Resource  = "arn:aws:codepipeline:${local.region}:${local.account_id}:payments-delivery/prod-approve/*"
      Condition = { ArnEquals = { "aws:PrincipalArn" = "${local.iam_arn}:role/payments-delivery-approver" } }
    },
    {
      Sid      = "GetTheSource"
      Effect   = "Allow"
      Action   = ["codeconnections:UseConnection", "codestar-connections:UseConnection"]
      Resource = "*"
    },
    {
      # Each role says by whom it may be entered; no pipeline enters the archive or management.
      Sid    = "EnterWorkloads"
      Effect = "Allow"
      Action = ["sts:AssumeRole", "sts:TagSession"]
      Resource = flatten([
        for name in ["dev", "integration", "production", "qa"] : [
          for role in concat(
            [local.deploy_role_name, local.other_role_names.gate, local.other_role_names.plan],
            # Whose API is called in tests.
            contains(["integration", "qa"], name) ? ["merchant-*"] : [],
          ) : "arn:aws:iam::${local.organization.accounts[name]}:role/${role}"
        ]
      ])
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:${local.region}:${local.account_id}:log-group:/aws/codebuild/payments-delivery-*"
    },
    {
      Sid      = "PushImages"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
      Resource = "arn:aws:ecr:${local.region}:*:repository/payments-*"
    },
    {
      Sid    = "SignInAndAttachToVpcs"
      Effect = "Allow"
      Action = [
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:Describe*",
        "ecr:GetAuthorizationToken",
      ]
      Resource = "*"
    },
  ]
}
