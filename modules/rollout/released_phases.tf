# The phase that an account runs is written down in the account: what a release says about the one before it
# could be wrong, and differs between accounts that are promoted one after the other.

data "aws_ssm_parameters_by_path" "released" {
  path            = local.parameter_path
  with_decryption = true
}

resource "aws_ssm_parameter" "phase" {
  for_each = var.services

  name        = "${local.parameter_path}/${each.key}"
  description = "How far ${each.key} has moved from its legacy backend to the new one"
  type        = "SecureString"
  key_id      = var.kms_key_id
  value       = jsonencode({ phase = each.value.phase, merchants_on_new = sort(local.moved[each.key]) })
}

locals {
  parameter_path = "/payments/rollout"

  # Under a key all the same, as policy wants; nothing of it is secret.
  released = {
    for name, value in zipmap(
      data.aws_ssm_parameters_by_path.released.names, nonsensitive(data.aws_ssm_parameters_by_path.released.values)
    ) : trimprefix(name, "${local.parameter_path}/") => jsondecode(value).phase
  }

  asked = { for service, plan in var.services : service => plan.phase if contains(local.phases, plan.phase) }
  neighbours = {
    for service, phase in local.released : service => phase == "decommissioned" ? ["decommissioned"] : [
      for other in local.phases : other if abs(index(local.phases, other) - index(local.phases, phase)) <= 1
    ]
  }

  illegal_jumps = concat(
    [
      for service, phase in local.asked : "${service} has no phase in this account yet, and can't begin with \"${phase}\": begin with \"legacy\""
      if !contains(keys(local.released), service) && phase != "legacy"
    ],
    [
      for service, phase in local.asked : "${service} is \"${local.released[service]}\" in this account, and can't become \"${phase}\" by one release: it may be ${join(" or ", [for phase in local.neighbours[service] : "\"${phase}\""])}"
      if contains(keys(local.released), service) && !contains(try(local.neighbours[service], []), phase)
    ],
    [
      for service, phase in local.released : "${service} is \"${phase}\" in this account, and can't be left out before it was \"decommissioned\""
      if !contains(keys(var.services), service) && phase != "decommissioned"
    ],
  )
}
