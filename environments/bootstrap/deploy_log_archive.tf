# What environments/log-archive needs. Nothing that it keeps can be deleted with it, nor read.

locals {
  archive_bucket_arns = ["arn:aws:s3:::payments-access-logs-${local.account_id}", "arn:aws:s3:::payments-logs-*-${local.account_id}"]
  archive_role_arns   = "${local.iam_arn}:role/payments-logs-*"

  log_archive_statements = [
    {
      Sid      = "FindOrganization"
      Effect   = "Allow"
      Action   = "organizations:DescribeOrganization"
      Resource = "*"
    },
    {
      Sid    = "ManageBuckets"
      Effect = "Allow"
      Action = [
        "s3:CreateBucket",
        "s3:GetAccelerateConfiguration",
        "s3:GetBucket*",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
        "s3:ListBucket",
        "s3:ListTagsForResource",
        "s3:PutBucketLogging",
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
      Resource = local.archive_bucket_arns
    },
    {
      Sid    = "ManageStreams"
      Effect = "Allow"
      Action = [
        "firehose:CreateDeliveryStream",
        "firehose:DescribeDeliveryStream",
        "firehose:ListTagsForDeliveryStream",
        "firehose:StartDeliveryStreamEncryption",
        "firehose:TagDeliveryStream",
        "firehose:UntagDeliveryStream",
        "firehose:UpdateDestination",
      ]
      Resource = "arn:aws:firehose:${local.region}:${local.account_id}:deliverystream/payments-logs-*"
    },
    {
      # These name their resources by generated ids, or list without any name.
      Sid    = "ManageDestinationsKeysAndAlarms"
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
        "logs:CreateLogStream",
        "logs:Describe*",
        "logs:ListTagsForResource",
        "logs:PutDestination",
        "logs:PutDestinationPolicy",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      Sid       = "LetStreamsUseTheKey"
      Effect    = "Allow"
      Action    = "kms:CreateGrant"
      Resource  = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
      Condition = { StringEquals = { "kms:ViaService" = "firehose.${local.region}.amazonaws.com" } }
    },
    {
      Sid       = "MakeBoundedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
      Resource  = local.archive_role_arns
      Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.workload_boundary.arn } }
    },
    {
      Sid    = "ManageRoles"
      Effect = "Allow"
      Action = [
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:ListRoleTags",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ]
      Resource = local.archive_role_arns
    },
    {
      Sid       = "HandRolesToServices"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = local.archive_role_arns
      Condition = { StringEquals = { "iam:PassedToService" = concat(["firehose.amazonaws.com"], local.logs_services) } }
    },
  ]

  log_archive_boundary = [
    {
      Sid    = "KeepLogs"
      Effect = "Allow"
      Action = [
        "s3:AbortMultipartUpload",
        "s3:GetBucketLocation",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:PutObject",
      ]
      Resource = flatten([for arn in local.archive_bucket_arns : [arn, "${arn}/*"]])
    },
    {
      Sid      = "EncryptLogs"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
    },
    {
      Sid      = "NeverReadState"
      Effect   = "Deny"
      Action   = "kms:*"
      Resource = aws_kms_key.state.arn
    },
    {
      Sid      = "ReportErrors"
      Effect   = "Allow"
      Action   = "logs:PutLogEvents"
      Resource = "arn:aws:logs:${local.region}:${local.account_id}:log-group:/aws/kinesisfirehose/payments-logs-*"
    },
    {
      Sid      = "HandOnLogs"
      Effect   = "Allow"
      Action   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
      Resource = "arn:aws:firehose:${local.region}:${local.account_id}:deliverystream/payments-logs-*"
    },
  ]
}
