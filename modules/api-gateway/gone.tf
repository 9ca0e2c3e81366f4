# A version that is gone answers by itself: no service is called any more, so that what is behind it can
# go too, and whoever still calls learns where to.

locals {
  is_gone = try(var.version_lifecycle.gone, false)

  gone_headers = {
    for name, value in local.lifecycle_responses : replace(name, "gatewayresponse.header.", "") => value
  }

  gone_problem = jsonencode({
    type       = "urn:payment-api:problem:version_gone"
    title      = "This version of the API is gone"
    status     = 410
    detail     = "It ended on the day in the header Sunset. Call the version that the header Link names."
    code       = "version_gone"
    retryable  = false
    request_id = "$context.extendedRequestId"
  })

  # What takes the place in an operation: nothing of the request is looked at, and 410 is declared.
  gone_operations = {
    for operation in local.operations : operation.id => {
      for name, value in {
        responses = merge(operation.responses, {
          "410" = {
            description = "This version is gone"
            headers     = { for name in concat(["Content-Type"], keys(local.gone_headers)) : name => { schema = { type = "string" } } }
          }
        })
        x-amazon-apigateway-request-validator = "none"
      } : name => value if local.is_gone
    }
  }

  gone_validators = {
    for name in ["none"] : name => { validateRequestBody = false, validateRequestParameters = false } if local.is_gone
  }

  gone_integrations = {
    for operation in local.operations : operation.id => {
      passthroughBehavior = "never"
      requestTemplates = {
        for media_type in distinct(concat(["application/json"], operation.media_types)) : media_type => jsonencode({ statusCode = 410 })
      }
      responses = {
        default = {
          statusCode = "410"
          responseParameters = merge(
            { "method.response.header.Content-Type" = "'application/problem+json'" },
            { for name, value in local.gone_headers : "method.response.header.${name}" => value },
          )
          responseTemplates = { "application/json" = local.gone_problem }
        }
      }
      type = "mock"
    }
  }
}
