output "approve_policy_arn" {
  description = "ARN of the policy for those who approve releases to production."
  value       = module.delivery.approve_policy_arn
}

output "approver_role_arn" {
  description = "ARN of the role that IAM users of this account become to approve, with MFA and under their own names."
  value       = module.delivery.approver_role_arn
}

output "artifact_store" {
  description = "The bucket of artifacts, releases, plans and records, and its key."
  value       = module.delivery.artifact_store
}

output "connection_arn" {
  description = "ARN of the connection to the source code, which is to be confirmed in the console once."
  value       = module.delivery.connection_arn
}

output "controls" {
  description = "PCI DSS requirements that the pipeline meets, by module."
  value       = { delivery = module.delivery.controls, forwarding = module.forwarding.controls }
}

output "pipeline" {
  description = "The pipeline: its name, ARN and role."
  value       = module.delivery.pipeline
}

output "projects" {
  description = "Projects by the stage that they work for: name, ARN, role and log group."
  value       = module.delivery.projects
}

output "signing_keys" {
  description = "Keys that sign releases and records of plans: alias and ARN."
  value       = module.delivery.signing_keys
}

output "time_budget" {
  description = "Minutes that all stages may take together, and each project, without waiting for people."
  value       = module.delivery.time_budget
}
