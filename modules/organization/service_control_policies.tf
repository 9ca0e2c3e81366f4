# What no permission in a member account can do. A Sid names the one thing that its statement
# protects; tests and evidence refer to it, so a Sid is renamed like an output is.

locals {
  deploy_role_arns = "arn:${local.partition}:iam::*:role/${var.deploy_role_name}"
  log_bucket_arns  = "arn:${local.partition}:s3:::${var.name}-*logs-*"

  by_others_than_deploy = { ArnNotLike = { "aws:PrincipalArn" = local.deploy_role_arns } }

  service_control_policies = {
    "${var.name}-accounts" = {
      description = "Keeps member accounts in the organization, its regions, trail and detectors"
      units       = ["Root"]
      statements  = local.account_statements
    }
    "${var.name}-log-settings" = {
      description = "Leaves what decides about logs to the deploy role, and masked data masked"
      units       = ["Root"]
      statements  = local.log_setting_statements
    }
    "${var.name}-log-deletion" = {
      description = "Refuses everyone to delete logs, their way to the archive, and keys"
      units       = ["Archive", "Infrastructure", "Production"]
      statements  = local.log_deletion_statements
    }
    "${var.name}-log-deletion-nonproduction" = {
      description = "Refuses everyone but the deploy role to delete logs, their way to the archive, and keys"
      units       = ["NonProduction"]
      statements = [
        for statement in local.log_deletion_statements :
        merge(statement, { Sid = "${statement.Sid}ByOthers", Condition = local.by_others_than_deploy })
      ]
    }
    "${var.name}-log-archive" = {
      description = "Keeps the archive's buckets and objects locked"
      units       = ["Archive"]
      statements  = local.log_archive_statements
    }
    "${var.name}-function-code" = {
      description = "Leaves the code of functions to the deploy role"
      units       = ["Workloads"]
      statements  = local.function_statements
    }
  }

  account_statements = [
    {
      Sid      = "LeaveOrganization"
      Effect   = "Deny"
      Action   = ["organizations:LeaveOrganization"]
      Resource = "*"
    },
    {
      Sid       = "RootUser"
      Effect    = "Deny"
      Action    = ["*"]
      Resource  = "*"
      Condition = { ArnLike = { "aws:PrincipalArn" = "arn:${local.partition}:iam::*:root" } }
    },
    {
      # Trail, forwarding and masking are settings of a region: elsewhere nothing is shipped.
      Sid       = "OtherRegions"
      Effect    = "Deny"
      NotAction = local.actions_without_region
      Resource  = "*"
      Condition = { StringNotEquals = { "aws:RequestedRegion" = sort(var.regions) } }
    },
    {
      # Who may become the role that the other statements exempt, and who it is.
      Sid      = "DeployRole"
      Effect   = "Deny"
      Action   = ["iam:DeleteRole", "iam:UpdateAssumeRolePolicy"]
      Resource = local.deploy_role_arns
    },
    {
      Sid    = "Trail"
      Effect = "Deny"
      Action = [
        "cloudtrail:DeleteTrail",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:StopLogging",
        "cloudtrail:UpdateTrail",
      ]
      Resource = "*"
    },
    {
      Sid    = "GuardDuty"
      Effect = "Deny"
      Action = [
        "guardduty:DeleteDetector",
        "guardduty:DeleteMembers",
        "guardduty:DisassociateFrom*",
        "guardduty:DisassociateMembers",
        "guardduty:StopMonitoringMembers",
        "guardduty:UpdateDetector",
      ]
      Resource = "*"
    },
    {
      Sid    = "Config"
      Effect = "Deny"
      Action = [
        "config:DeleteConfigurationRecorder",
        "config:DeleteDeliveryChannel",
        "config:StopConfigurationRecorder",
      ]
      Resource = "*"
    },
  ]

  # Their one endpoint is in another region than we work in, or they list over all regions.
  actions_without_region = [
    "account:*",
    "artifact:*",
    "billing:*",
    "budgets:*",
    "ce:*",
    "cloudfront:*",
    "globalaccelerator:*",
    "health:*",
    "iam:*",
    "organizations:*",
    "route53:*",
    "route53domains:*",
    "s3:GetAccountPublicAccessBlock",
    "s3:GetBucketLocation",
    "s3:ListAllMyBuckets",
    "shield:*",
    "sts:*",
    "support:*",
    "tax:*",
    "trustedadvisor:*",
  ]

  log_setting_statements = [
    {
      Sid       = "LogRetention"
      Effect    = "Deny"
      Action    = ["logs:PutRetentionPolicy"]
      Resource  = "*"
      Condition = local.by_others_than_deploy
    },
    {
      Sid       = "LogSubscriptions"
      Effect    = "Deny"
      Action    = ["logs:PutAccountPolicy", "logs:PutSubscriptionFilter"]
      Resource  = "*"
      Condition = local.by_others_than_deploy
    },
    {
      Sid       = "LogMasking"
      Effect    = "Deny"
      Action    = ["logs:PutDataProtectionPolicy"]
      Resource  = "*"
      Condition = local.by_others_than_deploy
    },
    {
      Sid       = "LogDelivery"
      Effect    = "Deny"
      Action    = ["firehose:UpdateDestination", "logs:PutDestination", "logs:PutDestinationPolicy"]
      Resource  = "*"
      Condition = local.by_others_than_deploy
    },
    {
      Sid    = "LogRoles"
      Effect = "Deny"
      Action = [
        "iam:AttachRolePolicy",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
      ]
      Resource  = [for role in ["log*", "*-flow-logs", "*-log-forwarding"] : "arn:${local.partition}:iam::*:role/${var.name}-${role}"]
      Condition = local.by_others_than_deploy
    },
    {
      Sid       = "KeyPolicies"
      Effect    = "Deny"
      Action    = ["kms:PutKeyPolicy", "kms:RevokeGrant"]
      Resource  = "*"
      Condition = local.by_others_than_deploy
    },
    {
      Sid      = "MaskedData"
      Effect   = "Deny"
      Action   = ["logs:Unmask"]
      Resource = "*"
    },
  ]

  log_deletion_statements = [
    {
      Sid      = "LogGroupDeletion"
      Effect   = "Deny"
      Action   = ["logs:DeleteLogGroup", "logs:DeleteLogStream"]
      Resource = "*"
    },
    {
      Sid      = "LogSubscriptionDeletion"
      Effect   = "Deny"
      Action   = ["logs:DeleteAccountPolicy", "logs:DeleteSubscriptionFilter"]
      Resource = "*"
    },
    {
      Sid      = "LogMaskingDeletion"
      Effect   = "Deny"
      Action   = ["logs:DeleteDataProtectionPolicy"]
      Resource = "*"
    },
    {
      Sid    = "LogDeliveryDeletion"
      Effect = "Deny"
      Action = [
        "firehose:DeleteDeliveryStream",
        "firehose:StopDeliveryStreamEncryption",
        "logs:DeleteDestination",
      ]
      Resource = "*"
    },
    {
      Sid      = "FlowLogDeletion"
      Effect   = "Deny"
      Action   = ["ec2:DeleteFlowLogs"]
      Resource = "*"
    },
    {
      Sid      = "KeyDeletion"
      Effect   = "Deny"
      Action   = ["kms:DisableKey", "kms:ScheduleKeyDeletion"]
      Resource = "*"
    },
  ]

  log_archive_statements = [
    {
      Sid      = "LogObjectDeletion"
      Effect   = "Deny"
      Action   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
      Resource = local.log_bucket_arns
    },
    {
      Sid      = "LogObjectRetention"
      Effect   = "Deny"
      Action   = ["s3:BypassGovernanceRetention", "s3:PutObjectRetention"]
      Resource = local.log_bucket_arns
    },
    {
      Sid      = "LogBucketDeletion"
      Effect   = "Deny"
      Action   = ["s3:DeleteBucket", "s3:DeleteBucketPolicy"]
      Resource = local.log_bucket_arns
    },
    {
      Sid       = "LogBucketLock"
      Effect    = "Deny"
      Action    = ["s3:PutBucketObjectLockConfiguration"]
      Resource  = local.log_bucket_arns
      Condition = local.by_others_than_deploy
    },
    {
      Sid       = "LogBucketLifecycle"
      Effect    = "Deny"
      Action    = ["s3:PutLifecycleConfiguration"]
      Resource  = local.log_bucket_arns
      Condition = local.by_others_than_deploy
    },
    {
      Sid    = "LogBucketAccess"
      Effect = "Deny"
      Action = [
        "s3:PutBucketAcl",
        "s3:PutBucketLogging",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
      ]
      Resource  = local.log_bucket_arns
      Condition = local.by_others_than_deploy
    },
    {
      Sid       = "LogBucketEncryption"
      Effect    = "Deny"
      Action    = ["s3:PutEncryptionConfiguration"]
      Resource  = local.log_bucket_arns
      Condition = local.by_others_than_deploy
    },
    {
      Sid       = "LogBucketVersioning"
      Effect    = "Deny"
      Action    = ["s3:PutBucketVersioning"]
      Resource  = local.log_bucket_arns
      Condition = local.by_others_than_deploy
    },
  ]

  function_statements = [
    {
      Sid    = "FunctionCode"
      Effect = "Deny"
      Action = [
        "lambda:CreateAlias",
        "lambda:CreateFunction",
        "lambda:DeleteFunctionCodeSigningConfig",
        "lambda:PublishVersion",
        "lambda:PutFunctionCodeSigningConfig",
        "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
      ]
      Resource  = "*"
      Condition = local.by_others_than_deploy
    },
  ]
}
