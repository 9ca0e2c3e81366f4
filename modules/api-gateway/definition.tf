# What is deployed: the contract with everything added that only AWS understands.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.logs.region

  contract     = yamldecode(var.openapi)
  http_methods = ["delete", "get", "head", "options", "patch", "post", "put"]

  operations = flatten([
    for path, item in local.contract.paths : [
      for method, operation in item : {
        id = try(operation.operationId, "")
        # As in "POST/merchants/*/payments": path parameters match anything.
        arn_suffix = "${upper(method)}${replace(path, "/\\{[^}]+\\}/", "*")}"
      } if contains(local.http_methods, method)
    ]
  ])
  operation_ids = local.operations[*].id

  definition = merge(local.contract, {
    components = merge(try(local.contract.components, {}), { securitySchemes = local.security_schemes })
    paths      = local.paths

    x-amazon-apigateway-api-key-source       = "HEADER"
    x-amazon-apigateway-endpoint-access-mode = var.tls.endpoint_access_mode
    x-amazon-apigateway-gateway-responses    = local.gateway_responses
    x-amazon-apigateway-policy               = local.resource_policy
    x-amazon-apigateway-request-validators   = local.request_validators
    x-amazon-apigateway-security-policy      = var.tls.security_policy
  })

  # Whatever isn't an operation (shared parameters, summaries) passes through.
  paths = {
    for path, item in local.contract.paths : path => merge(
      { for key, value in item : key => value if !contains(local.http_methods, key) },
      {
        for method, operation in item : method => merge(operation, {
          security = [{ api_key = [], sigv4 = [] }]

          x-amazon-apigateway-integration = {
            httpMethod          = "POST" # how API Gateway calls Lambda, whatever the client's method
            passthroughBehavior = "never"
            timeoutInMillis     = var.integrations.timeout_ms
            type                = "aws_proxy"
            uri                 = lookup(var.integrations.by_operation, try(operation.operationId, ""), var.integrations.default).invoke_arn
          }

          # An optional body is the service's to validate: the validator would want one.
          x-amazon-apigateway-request-validator = try(operation.requestBody.required, false) ? "body_and_parameters" : "parameters"
        }) if contains(local.http_methods, method)
      },
    )
  }

  # Both at once: the signature says who calls, the key whose plan is metered.
  # A caller without a key would bypass every plan.
  security_schemes = {
    api_key = {
      type = "apiKey"
      name = "x-api-key"
      in   = "header"
    }
    sigv4 = {
      type                         = "apiKey"
      name                         = "Authorization"
      in                           = "header"
      x-amazon-apigateway-authtype = "awsSigv4"
    }
  }

  request_validators = {
    body_and_parameters = {
      validateRequestBody       = true
      validateRequestParameters = true
    }
    parameters = {
      validateRequestBody       = false
      validateRequestParameters = true
    }
  }
}
