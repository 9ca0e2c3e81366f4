output "access_log_bucket" {
  description = "Name of the bucket that says who read the archive."
  value       = module.archive.access_log_bucket
}

output "buckets" {
  description = "Buckets by name: ARN, bucket name, lock mode, and after how many days at the earliest what is written now can be deleted."
  value       = module.archive.buckets
}

output "controls" {
  description = "PCI DSS requirements that the archive meets."
  value       = module.archive.controls
}

output "destination_arns" {
  description = "Log destinations by bucket."
  value       = module.archive.destination_arns
}

output "kms_key_arn" {
  description = "ARN of the archive's key: `environments/trail` wants it."
  value       = module.archive.kms_key_arn
}

output "stream_names" {
  description = "Names of the Firehose streams by bucket."
  value       = module.archive.stream_names
}
