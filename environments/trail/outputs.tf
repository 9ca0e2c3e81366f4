output "alarm_names" {
  description = "Names of the alarms on tampering, on emergencies and on silence."
  value       = module.trail.alarm_names
}

output "arn" {
  description = "ARN of the organization's trail."
  value       = module.trail.arn
}

output "controls" {
  description = "PCI DSS requirements that the trail meets."
  value       = concat(module.forwarding.controls, module.trail.controls, module.log_review.controls)
}

output "log_group_name" {
  description = "Log group with the trail's events."
  value       = module.trail.log_group_name
}

output "log_review" {
  description = "The daily review of the trail: its function and schedule, the log group of its findings, and names of its alarms."
  value = {
    alarm_names        = module.log_review.alarm_names
    function           = module.log_review.function
    log_group          = module.log_review.log_group.name
    schedule_rule_name = module.log_review.schedule_rule_name
  }
}
