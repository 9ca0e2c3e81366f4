resource "aws_s3_bucket_versioning" "archive" {
  for_each = aws_s3_bucket.archive

  bucket = each.value.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

# What is written without a lock of its own gets this one; the bucket's policy refuses weaker ones.
resource "aws_s3_bucket_object_lock_configuration" "archive" {
  for_each = var.buckets

  bucket = aws_s3_bucket_versioning.archive[each.key].bucket

  rule {
    default_retention {
      mode = each.value.lock_mode
      days = each.value.lock_days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  for_each = var.buckets

  bucket = aws_s3_bucket_versioning.archive[each.key].bucket

  # It can't delete what is locked, so a version that somebody hid stays as long as its lock.
  rule {
    id     = "expire-what-was-kept"
    status = "Enabled"

    filter {}

    dynamic "transition" {
      for_each = each.value.cold_after_days[*]
      content {
        days          = transition.value
        storage_class = "GLACIER_IR"
      }
    }

    expiration {
      days = coalesce(each.value.keep_days, each.value.lock_days)
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "clear-delete-markers"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }
}
