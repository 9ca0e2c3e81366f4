# AWS counts white space of what an API call brings, so documents are as short as `jsonencode`
# makes them. Its newer quotas allow more; these hold everywhere.

locals {
  most_characters = 5120
  most_policies   = 5 # of each type and target, AWS's own FullAWSAccess among them

  own_service_control_policies = {
    for name, policy in local.service_control_policies : name => {
      description = policy.description
      document    = jsonencode({ Version = "2012-10-17", Statement = policy.statements })
      type        = "SERVICE_CONTROL_POLICY"
      units       = policy.units
    }
  }

  own_resource_control_policies = {
    for name, policy in local.resource_control_policies : name => {
      description = policy.description
      document    = jsonencode({ Version = "2012-10-17", Statement = policy.statements })
      type        = "RESOURCE_CONTROL_POLICY"
      units       = policy.units
    }
  }

  added_service_control_policies = {
    for name, policy in var.additional_service_control_policies : name => {
      description = policy.description
      document    = jsonencode(jsondecode(policy.document))
      type        = "SERVICE_CONTROL_POLICY"
      units       = policy.units
    }
  }

  policies = merge(
    local.own_service_control_policies,
    local.own_resource_control_policies,
    local.added_service_control_policies,
  )

  attachments = merge([
    for name, policy in local.policies : {
      for unit in policy.units : "${name}/${unit}" => { policy = name, unit = unit }
    }
  ]...)

  policies_of = {
    for attachment in local.attachments :
    "${local.policies[attachment.policy].type} of ${attachment.unit}" => attachment.policy...
  }
  crowded = [for target, names in local.policies_of : target if length(names) + 1 > local.most_policies]
}

resource "aws_organizations_policy" "guardrail" {
  for_each = local.policies

  name        = each.key
  description = each.value.description
  type        = each.value.type
  content     = each.value.document

  lifecycle {
    precondition {
      condition     = length(each.value.document) <= local.most_characters
      error_message = "The policy ${each.key} has ${length(each.value.document)} characters, and AWS takes ${local.most_characters}: name fewer regions, or divide what was added."
    }
  }

  # A policy of a type needs the type enabled.
  depends_on = [aws_organizations_organization.organization]
}

resource "aws_organizations_policy_attachment" "guardrail" {
  for_each = local.attachments

  policy_id = aws_organizations_policy.guardrail[each.value.policy].id
  target_id = local.target_ids[each.value.unit]

  lifecycle {
    precondition {
      condition     = length(local.crowded) == 0
      error_message = "AWS attaches ${local.most_policies} policies of a type to a root or unit, its own FullAWSAccess among them. Too many: ${join(", ", local.crowded)}."
    }
  }
}
