output "access_log_bucket" {
  description = "Name of the bucket that says who read the archive."
  value       = aws_s3_bucket.access_logs.bucket
}

output "alarm_names" {
  description = "Names of the alarms on logs that are late, are lost, or stay away."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.delivery : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.silent : alarm.alarm_name],
  ))
}

output "buckets" {
  description = "Buckets by name: ARN, bucket name, lock mode, and after how many days at the earliest what is written now can be deleted."
  value = {
    for bucket, settings in var.buckets : bucket => {
      arn                  = local.bucket_arns[bucket]
      deletable_after_days = settings.lock_days
      lock_mode            = settings.lock_mode
      name                 = aws_s3_bucket.archive[bucket].bucket
    }
  }
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value       = local.controls
}

output "destination_arns" {
  description = "ARNs of the log destinations by bucket: what senders subscribe their log groups to."
  value       = { for bucket, destination in aws_cloudwatch_log_destination.archive : bucket => destination.arn }
}

output "kms_key_arn" {
  description = "ARN of the archive's key, which the trail encrypts with too."
  value       = aws_kms_key.archive.arn
}

output "stream_names" {
  description = "Names of the Firehose streams by bucket."
  value       = { for bucket, stream in aws_kinesis_firehose_delivery_stream.archive : bucket => stream.name }
}
