output "account_ids" {
  description = "Ids of the member accounts by name."
  value       = module.organization.account_ids
}

output "break_glass_role_arn" {
  description = "ARN of the role that lifts guardrails."
  value       = module.organization.break_glass_role_arn
}

output "controls" {
  description = "PCI DSS requirements that the organization meets."
  value       = module.organization.controls
}

output "organization_id" {
  description = "Id of the organization, the value of `aws:PrincipalOrgID`."
  value       = module.organization.organization_id
}

output "policies" {
  description = "Guardrails by name: id, type, document as JSON, and the ids of what they are attached to by unit."
  value       = module.organization.policies
}

output "security_topic_arn" {
  description = "ARN of the topic that tells the people of `security_emails`; alarms of this account may use it."
  value       = aws_sns_topic.security.arn
}

output "unit_ids" {
  description = "Ids of the organizational units by name."
  value       = module.organization.unit_ids
}
