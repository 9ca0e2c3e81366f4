output "legacy" {
  description = "By merchant and service, for merchants that are on a legacy backend: its `base_url` and `vpc_link_id`."
  value = {
    for id in keys(var.merchants) : id => {
      for service, moved in local.moved : service => {
        base_url    = var.services[service].legacy.base_url
        vpc_link_id = aws_api_gateway_vpc_link.legacy[service].id
      } if !contains(moved, id)
    }
  }

  precondition {
    condition     = length(local.shares_out_of_phase) == 0
    error_message = "The cohorts don't fit the phase: ${join("; ", local.shares_out_of_phase)}. In \"legacy\" nobody is on the new service, in \"canary\" up to 50 % of the planned requests are, in \"majority\" more."
  }

  precondition {
    condition     = length(local.illegal_jumps) == 0
    error_message = "One step a release: ${join("; ", local.illegal_jumps)}. The order is ${join(", ", local.phases)}; one step back is a step too, but for the last."
  }
}

output "controls" {
  description = "PCI DSS requirements that the module meets: requirement, control, resource and test."
  value = [
    {
      requirement = "6.5.1"
      control     = "A release moves a service by one phase, or is refused while it is planned"
      resource    = "aws_ssm_parameter.phase"
      test        = "tests/modules/test_rollout_module.py::test_a_release_moves_a_service_by_one_step"
    },
  ]
}

output "services" {
  description = "By service: its phase, the merchants on the new one, and the percentage of all planned requests that they are."
  value = {
    for service, plan in var.services : service => {
      merchants_on_new = sort(local.moved[service])
      percent_on_new   = local.moved_percent[service]
      phase            = plan.phase
      released_as      = "${local.parameter_path}/${service}"
    }
  }
}
