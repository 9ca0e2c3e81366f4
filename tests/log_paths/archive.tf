# The least that an archive is made of.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.100" }
  }
}

resource "aws_cloudwatch_log_destination" "logs" {
  name       = "logs"
  role_arn   = "arn:aws:iam::222222222222:role/logs"
  target_arn = aws_kinesis_firehose_delivery_stream.logs.arn
}

resource "aws_cloudwatch_log_destination_policy" "logs" {
  destination_name = aws_cloudwatch_log_destination.logs.name
  access_policy    = "{}"
}

resource "aws_kinesis_firehose_delivery_stream" "logs" {
  name        = "logs"
  destination = "extended_s3"

  extended_s3_configuration {
    role_arn           = "arn:aws:iam::222222222222:role/delivery"
    bucket_arn         = aws_s3_bucket.logs.arn
    compression_format = "GZIP"
  }
}

resource "aws_s3_bucket" "logs" {
  bucket_prefix       = "logs"
  object_lock_enabled = true
}

resource "aws_s3_bucket" "other" {
  bucket_prefix = "other"
}

resource "aws_s3_bucket_object_lock_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = 365
    }
  }
}
