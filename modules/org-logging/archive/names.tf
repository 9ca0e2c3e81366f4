data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.logs.region

  account_root = "arn:${local.partition}:iam::${local.account_id}:root"

  names        = { for bucket in keys(var.buckets) : bucket => "${var.name}-logs-${bucket}" }
  bucket_names = { for bucket, name in local.names : bucket => "${name}-${local.account_id}" }
  bucket_arns  = { for bucket, name in local.bucket_names : bucket => "arn:${local.partition}:s3:::${name}" }
  stream_arns = {
    for bucket, name in local.names :
    bucket => "arn:${local.partition}:firehose:${local.region}:${local.account_id}:deliverystream/${name}"
  }
  destination_arns = {
    for bucket, name in local.names :
    bucket => "arn:${local.partition}:logs:${local.region}:${local.account_id}:destination:${name}"
  }
  error_group_names = { for bucket, name in local.names : bucket => "/aws/kinesisfirehose/${name}" }

  trail_arn = var.trail == null ? null : join(":", [
    "arn", local.partition, "cloudtrail", local.region, var.trail.management_account_id, "trail/${var.trail.name}",
  ])
}
