resource "aws_s3_bucket" "trails" {
  bucket = "trails-${var.account_id}"
}

resource "aws_s3_bucket_policy" "trails" {
  bucket = aws_s3_bucket.trails.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetTrailsCheck"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:GetBucketAcl"
        Resource  = aws_s3_bucket.trails.arn
      },
      {
        Sid       = "LetTrailsWrite"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.trails.arn}/*"
        Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:cloudtrail:${local.region}:${var.account_id}:trail/*" } }
      },
    ]
  })
}

resource "aws_kms_key" "trails" {
  description             = "Encrypts the trails"
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetIamPoliciesDecide"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "LetTrailsEncrypt"
        Effect    = "Allow"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Condition = { StringLike = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:${var.account_id}:trail/*" } }
      },
    ]
  })
}

resource "aws_cloudtrail" "management" {
  name                       = "management"
  s3_bucket_name             = aws_s3_bucket.trails.id
  s3_key_prefix              = "management"
  kms_key_id                 = aws_kms_key.trails.arn
  is_multi_region_trail      = true
  enable_log_file_validation = true
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.trail.arn}:*"
  cloud_watch_logs_role_arn  = aws_iam_role.trail.arn
  tags                       = { Logs = local.changed ? "management and data" : "management" }

  advanced_event_selector {
    name = "management"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  dynamic "advanced_event_selector" {
    for_each = local.changed ? ["AWS::DynamoDB::Table"] : []

    content {
      name = "data"

      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }

      field_selector {
        field  = "resources.type"
        equals = [advanced_event_selector.value]
      }
    }
  }

  dynamic "insight_selector" {
    for_each = local.changed ? ["ApiCallRateInsight", "ApiErrorRateInsight"] : ["ApiCallRateInsight"]

    content {
      insight_type = insight_selector.value
    }
  }

  depends_on = [aws_iam_role_policy.trail, aws_s3_bucket_policy.trails]
}

resource "aws_cloudtrail" "data" {
  name           = "data"
  s3_bucket_name = aws_s3_bucket.trails.id
  enable_logging = !local.changed

  event_selector {
    read_write_type                  = local.changed ? "All" : "WriteOnly"
    include_management_events        = true
    exclude_management_event_sources = ["kms.amazonaws.com"]

    data_resource {
      type   = "AWS::S3::Object"
      values = ["${aws_s3_bucket.state.arn}/"]
    }
  }

  depends_on = [aws_s3_bucket_policy.trails]
}

resource "aws_cloudwatch_log_group" "trail" {
  name = "/trail"
}

resource "aws_iam_role" "trail" {
  name = "trail"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "trail" {
  name = "trail"
  role = aws_iam_role.trail.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.trail.arn}:*"
    }]
  })
}
