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
        id     = try(operation.operationId, "")
        method = method
        path   = path

        # Of its body, and of its answers.
        media_types = keys(try(operation.requestBody.content, {}))
        responses   = try(operation.responses, {})

        # As in "POST/merchants/*/payments": path parameters match anything.
        arn_suffix = "${upper(method)}${replace(path, "/\\{[^}]+\\}/", "*")}"
      } if contains(local.http_methods, method)
    ]
  ])
  operation_ids = local.operations[*].id

  definition = merge(local.contract, {
    components = merge(try(local.contract.components, {}), { securitySchemes = local.security_schemes })
    paths      = merge(local.paths, local.legacy_paths, local.kept_paths)

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
          security = local.security

          x-amazon-apigateway-integration = local.integrations[operation.operationId]

          # An optional body is the service's to validate: the validator would want one.
          x-amazon-apigateway-request-validator = try(operation.requestBody.required, false) ? "body_and_parameters" : "parameters"
        }, local.gone_operations[operation.operationId]) if contains(local.http_methods, method)
      },
    )
  }

  # Through JSON: the branches of a condition must be of one type.
  integrations = {
    for operation in local.operations : operation.id => jsondecode(
      local.is_gone
      ? jsonencode(local.gone_integrations[operation.id])
      : var.integrations.private == null || contains(keys(var.integrations.by_operation), operation.id)
      ? jsonencode(local.function_integrations[operation.id])
      : jsonencode(local.private_integrations[operation.id])
    )
  }

  function_integrations = {
    for operation in local.operations : operation.id => {
      httpMethod          = "POST" # how API Gateway calls Lambda, whatever the client's method
      passthroughBehavior = "never"
      timeoutInMillis     = var.integrations.timeout_ms
      type                = "aws_proxy"
      uri                 = try(lookup(var.integrations.by_operation, operation.id, var.integrations.default).invoke_arn, null)
    }
  }

  # A service behind a VPC link learns who calls from these headers alone: each
  # takes the place of what the client may have sent under its name.
  identity_headers = {
    "integration.request.header.x-account-id"    = "context.identity.accountId"
    "integration.request.header.x-api-key-id"    = "context.identity.apiKeyId"
    "integration.request.header.x-principal-arn" = "context.identity.userArn"
    "integration.request.header.x-request-id"    = "context.extendedRequestId"
    "integration.request.header.x-source-ip"     = "context.identity.sourceIp"
  }

  private_integrations = {
    for operation in local.operations : operation.id => {
      connectionId        = try(var.integrations.private.vpc_link_id, null)
      connectionType      = "VPC_LINK"
      httpMethod          = upper(operation.method)
      passthroughBehavior = "when_no_match"
      requestParameters = merge(local.identity_headers, local.lifecycle_headers, {
        for name in flatten(regexall("\\{([^}]+)\\}", operation.path)) :
        "integration.request.path.${name}" => "method.request.path.${name}"
      })
      timeoutInMillis = var.integrations.timeout_ms
      type            = "http_proxy"
      uri             = "${try(var.integrations.private.base_url, "")}${operation.path}"
    }
  }

  security = [{ api_key = [], sigv4 = [] }]

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

  request_validators = merge(local.gone_validators, {
    body_and_parameters = {
      validateRequestBody       = true
      validateRequestParameters = true
    }
    parameters = {
      validateRequestBody       = false
      validateRequestParameters = true
    }
  })
}
