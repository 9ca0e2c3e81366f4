resource "aws_kinesis_firehose_delivery_stream" "archive" {
  for_each = local.names

  name        = each.value
  destination = "extended_s3"

  server_side_encryption {
    enabled  = true
    key_type = "CUSTOMER_MANAGED_CMK"
    key_arn  = aws_kms_key.archive.arn
  }

  extended_s3_configuration {
    bucket_arn          = aws_s3_bucket.archive[each.key].arn
    role_arn            = aws_iam_role.stream[each.key].arn
    kms_key_arn         = aws_kms_key.archive.arn
    prefix              = "cloudwatch/!{timestamp:yyyy/MM/dd/HH}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/"
    buffering_interval  = var.buffer.seconds
    buffering_size      = var.buffer.megabytes
    compression_format  = "GZIP"

    # Logs arrive compressed: without this they would be compressed twice, and no tool would notice.
    # Each line keeps its envelope, which alone says whose log it is: account, group and stream.
    processing_configuration {
      enabled = true

      processors {
        type = "Decompression"

        parameters {
          parameter_name  = "CompressionFormat"
          parameter_value = "GZIP"
        }
      }

      processors {
        type = "AppendDelimiterToRecord"

        parameters {
          parameter_name  = "Delimiter"
          parameter_value = "\\n"
        }
      }
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.errors[each.key].name
      log_stream_name = aws_cloudwatch_log_stream.errors[each.key].name
    }
  }

  # Nothing is written before it is locked, kept and guarded.
  depends_on = [
    aws_iam_role_policy.stream,
    aws_s3_bucket_lifecycle_configuration.archive,
    aws_s3_bucket_object_lock_configuration.archive,
    aws_s3_bucket_policy.archive,
    aws_s3_bucket_server_side_encryption_configuration.archive,
  ]
}

resource "aws_cloudwatch_log_group" "errors" {
  for_each = local.error_group_names

  name              = each.value
  kms_key_id        = aws_kms_key.archive.arn
  retention_in_days = var.access_log_days
}

resource "aws_cloudwatch_log_stream" "errors" {
  for_each = aws_cloudwatch_log_group.errors

  name           = "delivery"
  log_group_name = each.value.name
}

locals {
  stream_role_names = { for bucket, name in local.names : bucket => "${name}-stream" }
  stream_role_arns = {
    for bucket, name in local.stream_role_names : bucket => "arn:${local.partition}:iam::${local.account_id}:role/${name}"
  }
}

resource "aws_iam_role" "stream" {
  for_each = local.stream_role_names

  name                 = each.value
  description          = "Lets Firehose write logs to ${local.bucket_names[each.key]}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetStreamWrite"
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.stream_arns[each.key] }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "stream" {
  for_each = aws_iam_role.stream

  name = "write-logs"
  role = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "FindBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = local.bucket_arns[each.key]
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:PutObject"]
        Resource = "${local.bucket_arns[each.key]}/*"
      },
      {
        Sid      = "EncryptLogs"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.archive.arn
        Condition = {
          StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" }
          ArnLike      = { "kms:EncryptionContext:aws:s3:arn" = [local.bucket_arns[each.key], "${local.bucket_arns[each.key]}/*"] }
        }
      },
      {
        Sid      = "ReportErrors"
        Effect   = "Allow"
        Action   = "logs:PutLogEvents"
        Resource = "${aws_cloudwatch_log_group.errors[each.key].arn}:log-stream:${aws_cloudwatch_log_stream.errors[each.key].name}"
      },
    ]
  })
}
