resource "aws_s3_bucket" "archive" {
  for_each = local.bucket_names

  bucket              = each.value
  object_lock_enabled = true

  # S3 deletes no bucket that holds objects. What outlives the attempt: the key, or nobody reads them
  # again, and who read them.
  depends_on = [aws_kms_key.archive, aws_s3_bucket.access_logs]
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  for_each = aws_s3_bucket.archive

  bucket = each.value.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "archive" {
  for_each = aws_s3_bucket.archive

  bucket                  = each.value.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  for_each = aws_s3_bucket.archive

  bucket = each.value.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = aws_kms_key.archive.arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_logging" "archive" {
  for_each = aws_s3_bucket.archive

  bucket        = each.value.bucket
  target_bucket = aws_s3_bucket.access_logs.bucket
  target_prefix = "${each.key}/"

  target_object_key_format {
    partitioned_prefix {
      partition_date_source = "EventTime"
    }
  }

  depends_on = [aws_s3_bucket_policy.access_logs]
}
