output "alarm_names" {
  description = "Names of the alarms on tampering and silence."
  value       = module.trail.alarm_names
}

output "arn" {
  description = "ARN of the organization's trail."
  value       = module.trail.arn
}

output "controls" {
  description = "PCI DSS requirements that the trail meets."
  value       = module.trail.controls
}

output "log_group_name" {
  description = "Log group with the trail's events."
  value       = module.trail.log_group_name
}
