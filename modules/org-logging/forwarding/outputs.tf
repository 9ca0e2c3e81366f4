output "alarm_names" {
  description = "Names of the alarms on logs that aren't sent, and on card numbers in logs."
  value       = sort(concat([for alarm in aws_cloudwatch_metric_alarm.sending : alarm.alarm_name], [aws_cloudwatch_metric_alarm.card_numbers.alarm_name]))
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value       = local.controls
}

output "destination_arn" {
  description = "Where the account's logs go."
  value       = var.destination_arn
}

output "findings_log_group_name" {
  description = "Log group with findings of card numbers."
  value       = aws_cloudwatch_log_group.findings.name
}

output "subscription_policy_name" {
  description = "Name of the account's subscription policy."
  value       = aws_cloudwatch_log_account_policy.subscription.policy_name
}
