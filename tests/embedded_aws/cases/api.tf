resource "aws_api_gateway_rest_api" "service" {
  name                         = "service"
  description                  = "Revision ${var.revision}"
  api_key_source               = "HEADER"
  binary_media_types           = local.changed ? ["application/pdf", "image/png"] : ["application/pdf"]
  disable_execute_api_endpoint = local.changed
  minimum_compression_size     = local.changed ? 2048 : 1024
  body                         = jsonencode(local.definition)
  policy                       = jsonencode(local.policy)

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = "execute-api:Invoke"
      Resource  = "execute-api:/*/${local.changed ? "POST" : "*"}/merchants/*"
    }]
  }

  definition = {
    openapi = "3.0.3"
    info    = { title = "service", version = tostring(var.revision) }

    x-amazon-apigateway-request-validators = {
      all = { validateRequestBody = true, validateRequestParameters = true }
    }

    x-amazon-apigateway-gateway-responses = {
      THROTTLED = {
        statusCode         = 429
        responseParameters = { "gatewayresponse.header.Retry-After" = "'1'" }
        responseTemplates  = { "application/problem+json" = jsonencode({ title = "Too many requests", status = 429 }) }
      }
    }

    components = {
      securitySchemes = {
        api_key = { type = "apiKey", name = "x-api-key", in = "header" }
        sigv4   = { type = "apiKey", name = "Authorization", in = "header", x-amazon-apigateway-authtype = "awsSigv4" }
      }
      schemas = {
        Amount  = { type = "object", properties = { value = { type = "integer", minimum = 1 } } }
        Payment = { type = "object", required = ["amount"], properties = { amount = { "$ref" = "#/components/schemas/Amount" } } }
      }
    }

    paths = {
      "/merchants/{merchant_id}/payments" = {
        parameters = [{ name = "merchant_id", in = "path", required = true, schema = { type = "string" } }]
        post = {
          operationId                           = "authorizePayment"
          security                              = [{ sigv4 = [], api_key = [] }]
          x-amazon-apigateway-request-validator = "all"
          requestBody                           = { content = { "application/json" = { schema = { "$ref" = "#/components/schemas/Payment" } } } }
          responses                             = { 201 = { description = "authorized" } }
          x-amazon-apigateway-integration       = local.integration
        }
      }
      "/health" = {
        get = {
          operationId = "health"
          responses   = { 200 = { description = "well" } }
          x-amazon-apigateway-integration = {
            type             = "mock"
            requestTemplates = { "application/json" = jsonencode({ statusCode = 200 }) }
            responses        = { default = { statusCode = "200", responseTemplates = { "application/json" = "{}" } } }
          }
        }
      }
    }
  }

  integration = {
    type                = "aws_proxy"
    httpMethod          = "POST"
    uri                 = aws_lambda_alias.live.invoke_arn
    passthroughBehavior = "never"
    timeoutInMillis     = local.changed ? 8000 : 10000
  }
}

resource "aws_api_gateway_gateway_response" "denied" {
  rest_api_id        = aws_api_gateway_rest_api.service.id
  response_type      = "ACCESS_DENIED"
  status_code        = "403"
  response_templates = { "application/problem+json" = jsonencode({ title = "Denied", status = 403, revision = var.revision }) }
}

resource "aws_api_gateway_deployment" "service" {
  rest_api_id = aws_api_gateway_rest_api.service.id
  description = "Revision ${var.revision}"

  triggers = {
    definition = sha256(jsonencode([local.definition, local.policy]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_api_gateway_gateway_response.denied]
}

resource "aws_api_gateway_stage" "v1" {
  rest_api_id          = aws_api_gateway_rest_api.service.id
  deployment_id        = aws_api_gateway_deployment.service.id
  stage_name           = "v1"
  description          = "Revision ${var.revision}"
  variables            = { revision = var.revision }
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode({ requestId = "$context.requestId", revision = var.revision })
  }

  depends_on = [aws_api_gateway_account.region]
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/service"
  kms_key_id        = aws_kms_key.service.arn
  retention_in_days = 90
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.service.id
  stage_name  = aws_api_gateway_stage.v1.stage_name
  method_path = "*/*"

  settings {
    data_trace_enabled     = false
    logging_level          = local.changed ? "INFO" : "ERROR"
    metrics_enabled        = true
    throttling_burst_limit = local.changed ? 40 : 20
    throttling_rate_limit  = local.changed ? 20.5 : 10
  }
}

resource "aws_api_gateway_method_settings" "authorize" {
  rest_api_id = aws_api_gateway_rest_api.service.id
  stage_name  = aws_api_gateway_stage.v1.stage_name
  method_path = "~1merchants~1{merchant_id}~1payments/POST"

  settings {
    throttling_burst_limit = local.changed ? 4 : 2
    throttling_rate_limit  = 1
  }

  # A stage takes one change at a time.
  depends_on = [aws_api_gateway_method_settings.all]
}

resource "aws_api_gateway_usage_plan" "merchant" {
  name        = "merchant"
  description = "Revision ${var.revision}"

  api_stages {
    api_id = aws_api_gateway_rest_api.service.id
    stage  = aws_api_gateway_stage.v1.stage_name

    throttle {
      path        = "/merchants/{merchant_id}/payments/POST"
      burst_limit = local.changed ? 3 : 2
      rate_limit  = 1
    }
  }

  quota_settings {
    limit  = local.changed ? 2000 : 1000
    period = "DAY"
  }

  throttle_settings {
    burst_limit = 10
    rate_limit  = local.changed ? 7.5 : 5
  }
}

resource "aws_api_gateway_api_key" "merchant" {
  name        = "merchant"
  description = "Revision ${var.revision}"
  enabled     = true
}

resource "aws_api_gateway_usage_plan_key" "merchant" {
  usage_plan_id = aws_api_gateway_usage_plan.merchant.id
  key_id        = aws_api_gateway_api_key.merchant.id
  key_type      = "API_KEY"
}

resource "aws_api_gateway_account" "region" {
  cloudwatch_role_arn = aws_iam_role.api_logs.arn
}

resource "aws_iam_role" "api_logs" {
  name = "api-logs"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "api_logs" {
  role       = aws_iam_role.api_logs.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

output "api_id" {
  description = "Id of the REST API."
  value       = aws_api_gateway_rest_api.service.id
}
