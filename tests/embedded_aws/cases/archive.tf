resource "aws_s3_bucket" "archive" {
  bucket              = "archive-${var.account_id}"
  object_lock_enabled = true
}

resource "aws_s3_bucket_object_lock_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = local.changed ? 7 : 3
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.service.arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    id     = "keep-a-year"
    status = "Enabled"

    filter {}

    transition {
      days          = 90
      storage_class = local.changed ? "DEEP_ARCHIVE" : "GLACIER"
    }

    expiration {
      days = 365
    }
  }
}

resource "aws_s3_bucket_logging" "archive" {
  bucket        = aws_s3_bucket.archive.id
  target_bucket = aws_s3_bucket.access_logs.id
  target_prefix = local.changed ? "reads/" : "archive/"

  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "EventTime"
    }
  }

  depends_on = [aws_s3_bucket_policy.access_logs]
}

resource "aws_s3_bucket" "access_logs" {
  bucket        = "access-logs-${var.account_id}"
  force_destroy = true
}

resource "aws_s3_bucket_policy" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetAccessLogsIn"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "${aws_s3_bucket.access_logs.arn}/*"
    }]
  })
}

resource "aws_iam_role" "archive" {
  name = "archive"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = ["firehose.amazonaws.com", "logs.${local.region}.amazonaws.com"] }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "archive" {
  name = "archive"
  role = aws_iam_role.archive.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:PutObject", "kms:GenerateDataKey"], Resource = "*" },
      { Effect = "Allow", Action = "firehose:PutRecordBatch", Resource = aws_kinesis_firehose_delivery_stream.archive.arn },
    ]
  })
}

resource "aws_kinesis_firehose_delivery_stream" "archive" {
  name        = "archive"
  destination = "extended_s3"

  server_side_encryption {
    enabled  = true
    key_type = "CUSTOMER_MANAGED_CMK"
    key_arn  = aws_kms_key.service.arn
  }

  extended_s3_configuration {
    bucket_arn          = aws_s3_bucket.archive.arn
    role_arn            = aws_iam_role.archive.arn
    kms_key_arn         = aws_kms_key.service.arn
    prefix              = "cloudwatch/!{timestamp:yyyy/MM/dd}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"
    buffering_interval  = local.changed ? 120 : 60
    buffering_size      = 16
    compression_format  = "GZIP"

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
      log_group_name  = aws_cloudwatch_log_group.stream_errors.name
      log_stream_name = aws_cloudwatch_log_stream.stream_errors.name
    }
  }
}

resource "aws_cloudwatch_log_group" "stream_errors" {
  name = "/aws/kinesisfirehose/archive"
}

resource "aws_cloudwatch_log_stream" "stream_errors" {
  name           = "delivery"
  log_group_name = aws_cloudwatch_log_group.stream_errors.name
}

resource "aws_cloudwatch_log_destination" "archive" {
  name       = "archive"
  role_arn   = aws_iam_role.archive.arn
  target_arn = aws_kinesis_firehose_delivery_stream.archive.arn
  tags       = { Keeps = local.changed ? "everything" : "something" }

  depends_on = [aws_iam_role_policy.archive]
}

resource "aws_cloudwatch_log_destination_policy" "archive" {
  destination_name = aws_cloudwatch_log_destination.archive.name
  force_update     = true

  access_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = local.changed ? "LetAccountSend" : "LetSendersIn"
      Effect    = "Allow"
      Principal = { AWS = var.account_id }
      Action    = ["logs:PutAccountPolicy", "logs:PutSubscriptionFilter"]
      Resource  = aws_cloudwatch_log_destination.archive.arn
    }]
  })
}

resource "aws_cloudwatch_log_subscription_filter" "function" {
  name            = "archive"
  log_group_name  = aws_cloudwatch_log_group.function.name
  filter_pattern  = local.changed ? "" : "paid"
  destination_arn = aws_cloudwatch_log_destination.archive.arn
  distribution    = "Random"

  depends_on = [aws_cloudwatch_log_destination_policy.archive]
}

resource "aws_cloudwatch_log_account_policy" "archive" {
  policy_name        = "archive"
  policy_type        = "SUBSCRIPTION_FILTER_POLICY"
  scope              = "ALL"
  selection_criteria = "LogGroupName NOT IN ${jsonencode([aws_cloudwatch_log_group.stream_errors.name])}"

  policy_document = jsonencode({
    DestinationArn = aws_cloudwatch_log_destination.archive.arn
    FilterPattern  = local.changed ? "" : "paid"
    Distribution   = "Random"
  })

  depends_on = [aws_cloudwatch_log_destination_policy.archive]
}

resource "aws_cloudwatch_log_account_policy" "cards" {
  policy_name = "cards"
  policy_type = "DATA_PROTECTION_POLICY"

  policy_document = jsonencode({
    Name    = local.changed ? "cards-again" : "cards"
    Version = "2021-06-01"
    Statement = [
      {
        Sid            = "Audit"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"]
        Operation      = { Audit = { FindingsDestination = {} } }
      },
      {
        Sid            = "Mask"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"]
        Operation      = { Deidentify = { MaskConfig = {} } }
      },
    ]
  })
}

resource "aws_cloudwatch_query_definition" "refusals" {
  name            = "review/refusals"
  log_group_names = [aws_cloudwatch_log_group.function.name]
  query_string    = local.changed ? "fields @timestamp | limit 20" : "fields @timestamp"
}
