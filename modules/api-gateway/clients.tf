resource "aws_api_gateway_usage_plan" "client" {
  for_each = var.clients

  name        = "${var.name}-${each.key}"
  description = "What ${each.key} may ask of ${var.name}"

  api_stages {
    api_id = aws_api_gateway_rest_api.api.id
    stage  = aws_api_gateway_stage.stage.stage_name
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
  api_key_ids = {
    for name, client in var.clients : name => client.api_key == null ? aws_api_gateway_api_key.client[name].id : client.api_key.id
  }
}
