# Version 1 of the API knows paths of one level only.
resource "aws_apigatewayv2_api_mapping" "path" {
  for_each = var.mappings

  api_id          = each.value.api_id
  api_mapping_key = each.key
  domain_name     = aws_api_gateway_domain_name.domain.domain_name
  stage           = each.value.stage
}
