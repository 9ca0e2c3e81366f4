output "account_ids" {
  description = "Ids of the member accounts by name."
  value       = local.account_ids
}

output "break_glass_role_arn" {
  description = "ARN of the role that lifts guardrails; null without `break_glass`."
  value       = one([for role in aws_iam_role.break_glass : role.arn])
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value       = local.controls
}

output "management_account_id" {
  description = "Id of the management account, which no policy of the organization binds."
  value       = local.management_id
}

output "organization_id" {
  description = "Id of the organization, the value of `aws:PrincipalOrgID`."
  value       = local.organization.id
}

output "policies" {
  description = "Guardrails by name: id, type, document as JSON, and the ids of what they are attached to by unit."
  value = {
    for name, policy in local.policies : name => {
      document = policy.document
      id       = aws_organizations_policy.guardrail[name].id
      targets  = { for unit in policy.units : unit => local.target_ids[unit] }
      type     = policy.type
    }
  }
}

output "unit_ids" {
  description = "Ids of the organizational units by name."
  value       = local.unit_ids
}
