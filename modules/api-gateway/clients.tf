resource "aws_api_gateway_usage_plan" "client" {
  for_each = var.clients

  name        = "${var.name}-${each.key}"
  description = "What ${each.key} may ask of ${var.name}"

  api_stages {
    api_id = aws_api_gateway_rest_api.api.id
    stage  = aws_api_gateway_stage.stage.stage_name

    dynamic "throttle" {
      for_each = local.client_limits[each.key]
      content {
        path        = "${throttle.value.path}/${upper(throttle.value.method)}"
        burst_limit = throttle.value.burst
        rate_limit  = throttle.value.rate_per_second
      }
    }
  }

  throttle_settings {
    burst_limit = each.value.burst
    rate_limit  = each.value.rate_per_second
  }

  dynamic "quota_settings" {
    for_each = each.value.daily_quota[*]
    content {
      limit  = quota_settings.value
      period = "DAY"
    }
  }

  lifecycle {
    precondition {
      condition = alltrue([
        for id, limit in local.client_limits[each.key] :
        limit.rate_per_second <= local.most[each.key][id].rate_per_second && limit.burst <= local.most[each.key][id].burst
      ])
      error_message = "${each.key} may ask more of single operations than its plan leaves after what is held: ${join(", ", [for id, limit in each.value.operations : "${id} at most ${local.most[each.key][id].rate_per_second} requests a second and ${local.most[each.key][id].burst} at one instant"])}. Lower these limits, raise the plan, or hold less."
    }

    precondition {
      condition     = length(local.client_limits[each.key]) <= 20
      error_message = "The plan of ${each.key} limits ${length(local.client_limits[each.key])} operations one by one; API Gateway takes 20. Hold no capacity in this API (`capacity.held_for`), limit fewer operations, or split the contract."
    }
  }
}

resource "aws_api_gateway_api_key" "client" {
  for_each = { for name, client in var.clients : name => client if client.api_key == null }

  name        = "${var.name}-${each.key}"
  description = "Meters ${each.key}; it authorizes nothing"
}

resource "aws_api_gateway_usage_plan_key" "client" {
  for_each = var.clients

  key_id        = local.api_key_ids[each.key]
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.client[each.key].id
}

locals {
  # The most that a client may be given of an operation.
  most = {
    for name, client in var.clients : name => {
      for id, percent in local.usable_percent : id => {
        burst           = max(1, floor(client.burst * percent / 100))
        rate_per_second = client.rate_per_second * percent / 100
      }
    }
  }

  # What a client is given of single operations: less than its plan where capacity is held for others.
  client_limits = {
    for name, client in var.clients : name => {
      for operation in local.operations : operation.id => {
        burst           = try(client.operations[operation.id], local.most[name][operation.id]).burst
        method          = operation.method
        path            = operation.path
        rate_per_second = try(client.operations[operation.id], local.most[name][operation.id]).rate_per_second
      } if contains(keys(local.limited_operations), operation.id) || contains(keys(client.operations), operation.id)
    }
  }

  api_key_ids = {
    for name, client in var.clients : name => client.api_key == null ? aws_api_gateway_api_key.client[name].id : client.api_key.id
  }
}
