# One key for all that is archived: whoever loses it loses every log.
resource "aws_kms_key" "archive" {
  description             = "Encrypts the log archive of ${var.name}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = jsonencode({ Version = "2012-10-17", Statement = local.key_statements })
}

resource "aws_kms_alias" "archive" {
  name          = "alias/${var.name}-log-archive"
  target_key_id = aws_kms_key.archive.key_id
}

locals {
  key_statements = concat(
    local.key_administration,
    local.key_use_by_streams,
    local.key_use_by_logs,
    local.key_use_by_trail,
  )

  # Administration and use are apart: an administrator of the account decrypts nothing with the key.
  key_administration = [
    {
      Sid       = "AdministerKey"
      Effect    = "Allow"
      Principal = { AWS = local.account_root }
      Action = [
        "kms:CancelKeyDeletion",
        "kms:CreateAlias",
        "kms:DeleteAlias",
        "kms:Describe*",
        "kms:DisableKey*",
        "kms:EnableKey*",
        "kms:Get*",
        "kms:List*",
        "kms:PutKeyPolicy",
        "kms:RevokeGrant",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateAlias",
        "kms:UpdateKeyDescription",
      ]
      Resource = "*"
    },
    {
      # Whoever of this account may read the buckets; S3 names the bucket or the object.
      Sid       = "ReadLogs"
      Effect    = "Allow"
      Principal = { AWS = local.account_root }
      Action    = "kms:Decrypt"
      Resource  = "*"
      Condition = {
        StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" }
        ArnLike      = { "kms:EncryptionContext:aws:s3:arn" = local.bucket_and_object_arns }
      }
    },
  ]

  bucket_and_object_arns = flatten([for arn in values(local.bucket_arns) : [arn, "${arn}/*"]])

  key_use_by_streams = [
    {
      # What waits in a stream is encrypted under grants, which Firehose makes as whoever makes the stream.
      Sid       = "EncryptStreams"
      Effect    = "Allow"
      Principal = { AWS = local.account_root }
      Action    = "kms:CreateGrant"
      Resource  = "*"
      Condition = {
        StringEquals = { "kms:ViaService" = "firehose.${local.region}.amazonaws.com" }
        Bool         = { "kms:GrantIsForAWSResource" = "true" }
      }
    },
    {
      Sid       = "WriteLogs"
      Effect    = "Allow"
      Principal = { AWS = local.account_root }
      Action    = "kms:GenerateDataKey"
      Resource  = "*"
      Condition = {
        StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" }
        ArnLike = {
          "aws:PrincipalArn"                 = values(local.stream_role_arns)
          "kms:EncryptionContext:aws:s3:arn" = local.bucket_and_object_arns
        }
      }
    },
  ]

  key_use_by_logs = [
    {
      Sid       = "EncryptErrors"
      Effect    = "Allow"
      Principal = { Service = data.aws_service.logs.dns_name }
      Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      Resource  = "*"
      Condition = {
        ArnEquals = {
          "kms:EncryptionContext:aws:logs:arn" = [
            for name in values(local.error_group_names) :
            "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${name}"
          ]
        }
      }
    },
  ]

  key_use_by_trail = flatten([
    for arn in local.trail_arn[*] : [
      {
        Sid       = "EncryptTrail"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = {
          StringEquals         = { "aws:SourceArn" = arn }
          StringEqualsIfExists = { "aws:SourceOrgID" = var.organization_id }
          StringLike = {
            "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:${local.partition}:cloudtrail:*:${var.trail.management_account_id}:trail/*"
          }
        }
      },
      {
        # Decrypt, because the buckets use bucket keys.
        Sid       = "CheckTrailsKey"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          StringEquals         = { "aws:SourceArn" = arn }
          StringEqualsIfExists = { "aws:SourceOrgID" = var.organization_id }
        }
      },
    ]
  ])

  # Services act for others too: for nobody outside the organization.
  other_organizations = {
    Bool                    = { "aws:PrincipalIsAWSService" = "true" }
    Null                    = { "aws:SourceAccount" = "false" }
    StringNotEqualsIfExists = { "aws:SourceOrgID" = var.organization_id }
  }
}
