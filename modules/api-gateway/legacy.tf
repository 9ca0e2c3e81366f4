# While a service moves from a legacy backend to the new one. API Gateway prefers a resource that names a
# merchant to `{merchant_id}`, so these take all that a merchant sends, and nobody else is concerned: no
# request passes anything more on its way, and the method's ARN is the same for IAM.

locals {
  legacy_paths = {
    for merchant, backend in var.integrations.legacy : "/merchants/${merchant}/{proxy+}" => {
      parameters = [{ name = "proxy", in = "path", required = true, schema = { type = "string" } }]

      x-amazon-apigateway-any-method = {
        operationId = "legacy_${merchant}"
        responses   = { default = { description = "What the legacy backend answers" } }
        security    = local.security

        x-amazon-apigateway-integration = {
          connectionId        = backend.vpc_link_id
          connectionType      = "VPC_LINK"
          httpMethod          = "ANY"
          passthroughBehavior = "when_no_match"
          requestParameters = merge(local.identity_headers, local.lifecycle_headers, {
            "integration.request.path.proxy" = "method.request.path.proxy"
          })
          timeoutInMillis = var.integrations.timeout_ms
          type            = "http_proxy"
          uri             = "${backend.base_url}/merchants/${merchant}/{proxy}"
        }

        x-amazon-apigateway-request-validator = "parameters"
      }
    }
  }

  # Operations with functions of their own stay with them, such as card numbers with the tokenizer.
  kept_operations = flatten([
    for merchant in keys(var.integrations.legacy) : [
      for operation in local.operations : merge(operation, {
        merchant = merchant
        named    = replace(operation.path, "{merchant_id}", merchant)
      }) if contains(keys(var.integrations.by_operation), operation.id) && startswith(operation.path, "/merchants/{merchant_id}/")
    ]
  ])
  kept_paths = {
    for path in distinct(local.kept_operations[*].named) : path => {
      for operation in local.kept_operations : operation.method => merge(local.paths[operation.path][operation.method], {
        operationId = "${operation.id}_${operation.merchant}"
        parameters = [
          for parameter in try(local.contract.paths[operation.path][operation.method].parameters, []) : parameter
          if try(parameter.name, "") != "merchant_id"
        ]
      }) if operation.named == path
    }
  }
}
