resource "aws_s3_bucket_policy" "archive" {
  for_each = aws_s3_bucket.archive

  bucket = each.value.bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.refusals_of_transport[each.key],
      local.refusals_of_change[each.key],
      local.refusals_of_writers[each.key],
      local.trail_statements[each.key],
    )
  })

  # AWS refuses policies while it decides whether the public may be blocked.
  depends_on = [aws_s3_bucket_public_access_block.archive]
}

locals {
  refusals_of_transport = {
    for bucket, arn in local.bucket_arns : bucket => [
      {
        Sid       = "RefuseInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [arn, "${arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "RefuseOldTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [arn, "${arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  }

  # The lock keeps each version; this keeps anybody from trying, also in GOVERNANCE. The lifecycle
  # isn't asked, and the account's root user can always remove the policy.
  refusals_of_change = {
    for bucket, arn in local.bucket_arns : bucket => [
      {
        Sid       = "RefuseDeletes"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"]
        Resource  = "${arn}/*"
      },
      {
        Sid       = "RefuseShorterLocks"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:PutObject", "s3:PutObjectRetention"]
        Resource  = "${arn}/*"
        Condition = { NumericLessThan = { "s3:object-lock-remaining-retention-days" = tostring(var.buckets[bucket].lock_days) } }
      },
      {
        Sid       = "RefuseWeakerLocks"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:PutObject", "s3:PutObjectRetention"]
        Resource  = "${arn}/*"
        Condition = {
          Null            = { "s3:object-lock-mode" = "false" }
          StringNotEquals = { "s3:object-lock-mode" = distinct(["COMPLIANCE", var.buckets[bucket].lock_mode]) }
        }
      },
      {
        Sid       = "RefuseOtherAdministrators"
        Effect    = "Deny"
        Principal = "*"
        Action = [
          "s3:DeleteBucket",
          "s3:DeleteBucketPolicy",
          "s3:PutBucketLogging",
          "s3:PutBucketObjectLockConfiguration",
          "s3:PutBucketOwnershipControls",
          "s3:PutBucketPolicy",
          "s3:PutBucketPublicAccessBlock",
          "s3:PutBucketVersioning",
          "s3:PutEncryptionConfiguration",
          "s3:PutLifecycleConfiguration",
          "s3:PutReplicationConfiguration",
        ]
        Resource  = arn
        Condition = { ArnNotLike = { "aws:PrincipalArn" = var.administrator_role_arns } }
      },
    ]
  }

  refusals_of_writers = {
    for bucket, arn in local.bucket_arns : bucket => [
      {
        # Nobody plants a log: the stream's role writes, and services that are allowed below.
        Sid       = "RefuseOtherWriters"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${arn}/*"
        Condition = {
          ArnNotEquals = { "aws:PrincipalArn" = local.stream_role_arns[bucket] }
          Bool         = { "aws:PrincipalIsAWSService" = "false" }
        }
      },
      {
        Sid       = "RefuseServicesForOtherOrganizations"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [arn, "${arn}/*"]
        Condition = local.other_organizations
      },
      {
        # AWS's pages differ on whether digests are encrypted with the trail's key.
        Sid         = "RefuseOtherEncryption"
        Effect      = "Deny"
        Principal   = "*"
        Action      = "s3:PutObject"
        NotResource = "${arn}/AWSLogs/*/CloudTrail-Digest/*"
        Condition   = { StringEquals = { "s3:x-amz-server-side-encryption" = "AES256" } }
      },
    ]
  }

  # CloudTrail wants both folders, for the account that the trail belongs to and for the others.
  trail_statements = {
    for bucket, arn in local.bucket_arns : bucket => flatten([
      for trail in var.trail[*] : [
        {
          Sid       = "LetTrailCheck"
          Effect    = "Allow"
          Principal = { Service = "cloudtrail.amazonaws.com" }
          Action    = "s3:GetBucketAcl"
          Resource  = [arn]
          Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
        },
        {
          Sid       = "LetTrailWrite"
          Effect    = "Allow"
          Principal = { Service = "cloudtrail.amazonaws.com" }
          Action    = "s3:PutObject"
          Resource  = [for owner in [trail.management_account_id, var.organization_id] : "${arn}/AWSLogs/${owner}/*"]
          Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
        },
      ] if trail.bucket == bucket
    ])
  }
}
