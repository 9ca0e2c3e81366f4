output "alarm_names" {
  description = "Names of the alarms on tampering, on emergencies and on silence."
  value       = sort(concat([for alarm in aws_cloudwatch_metric_alarm.tampering : alarm.alarm_name], [for alarm in aws_cloudwatch_metric_alarm.emergency : alarm.alarm_name], [aws_cloudwatch_metric_alarm.silent.alarm_name]))
}

output "arn" {
  description = "ARN of the trail; null if the organization had one already."
  value       = one(aws_cloudtrail.organization[*].arn)
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value       = local.controls
}

output "log_group_name" {
  description = "Log group with the trail's events, on which the alarms work."
  value       = local.log_group_name
}
