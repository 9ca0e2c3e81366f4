resource "aws_lambda_permission" "any_operation" {
  count = var.integrations.default == null || local.is_gone ? 0 : 1

  statement_id   = "${var.name}-default"
  action         = "lambda:InvokeFunction"
  function_name  = var.integrations.default.function_name
  qualifier      = var.integrations.default.name
  principal      = "apigateway.amazonaws.com"
  source_account = local.account_id
  source_arn     = "${aws_api_gateway_rest_api.api.execution_arn}/${var.stage_name}/*/*"
}

resource "aws_lambda_permission" "single_operation" {
  for_each = { for id, alias in var.integrations.by_operation : id => alias if !local.is_gone }

  statement_id   = "${var.name}-${each.key}"
  action         = "lambda:InvokeFunction"
  function_name  = each.value.function_name
  qualifier      = each.value.name
  principal      = "apigateway.amazonaws.com"
  source_account = local.account_id
  source_arn     = "${aws_api_gateway_rest_api.api.execution_arn}/${var.stage_name}/${one([for operation in local.operations : operation.arn_suffix if operation.id == each.key])}"
}

moved {
  from = aws_lambda_permission.any_operation
  to   = aws_lambda_permission.any_operation[0]
}
