# Of the capacity a part is held for operations that finish what was begun: the others may use the rest.

locals {
  method_settings = {
    caching_enabled    = false
    data_trace_enabled = false # it would log bodies
    logging_level      = var.logs.execution_level
    metrics_enabled    = true
  }

  # Percent of every limit that an operation may use.
  usable_percent = {
    for operation in local.operations : operation.id =>
    length(var.capacity.held_for) == 0 || contains(var.capacity.held_for, operation.id) ? 100 : 100 - var.capacity.held_percent
  }
  limited_operations = { for operation in local.operations : operation.id => operation if local.usable_percent[operation.id] < 100 }
}

# AWS applies this to each method by itself, not to their sum: what all of them get together is
# bounded by the clients' plans, and in the end by reserved concurrency and the number of tasks.
resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  stage_name  = aws_api_gateway_stage.stage.stage_name
  method_path = "*/*"

  settings {
    caching_enabled        = local.method_settings.caching_enabled
    data_trace_enabled     = local.method_settings.data_trace_enabled
    logging_level          = local.method_settings.logging_level
    metrics_enabled        = local.method_settings.metrics_enabled
    throttling_burst_limit = var.capacity.burst
    throttling_rate_limit  = var.capacity.transactions_per_second
  }
}

# A method's own settings replace those of all methods, so they say all of it again.
resource "aws_api_gateway_method_settings" "limited" {
  for_each = local.limited_operations

  rest_api_id = aws_api_gateway_rest_api.api.id
  stage_name  = aws_api_gateway_stage.stage.stage_name
  # As AWS returns it: with plain slashes a second plan finds no settings.
  method_path = "${replace(each.value.path, "/", "~1")}/${upper(each.value.method)}"

  settings {
    caching_enabled        = local.method_settings.caching_enabled
    data_trace_enabled     = local.method_settings.data_trace_enabled
    logging_level          = local.method_settings.logging_level
    metrics_enabled        = local.method_settings.metrics_enabled
    throttling_burst_limit = max(1, floor(var.capacity.burst * local.usable_percent[each.key] / 100))
    throttling_rate_limit  = var.capacity.transactions_per_second * local.usable_percent[each.key] / 100
  }

  # Settings of all methods, applied later, would take the place of these.
  lifecycle {
    replace_triggered_by = [aws_api_gateway_method_settings.all]
  }
}
