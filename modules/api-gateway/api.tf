resource "aws_api_gateway_rest_api" "api" {
  name                         = var.name
  description                  = try(local.contract.info.title, var.name)
  body                         = jsonencode(local.definition)
  disable_execute_api_endpoint = var.disable_execute_api_endpoint
  minimum_compression_size     = "1024" # bytes; smaller answers grow by compression

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_deployment" "api" {
  rest_api_id = aws_api_gateway_rest_api.api.id

  # The definition holds policy and gateway responses too: all of it takes effect
  # by deploying only.
  triggers = {
    definition = sha256(jsonencode([local.definition, var.disable_execute_api_endpoint]))
  }

  lifecycle {
    create_before_destroy = true
  }
}
