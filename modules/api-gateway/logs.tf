resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}/access"
  kms_key_id        = var.kms_key.arn
  retention_in_days = var.logs.retention_days
}

resource "aws_cloudwatch_log_group" "execution" {
  name              = "API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.api.id}/${var.stage_name}"
  kms_key_id        = var.kms_key.arn
  retention_in_days = var.logs.retention_days
}

locals {
  # PCI DSS 10.2.2, and never a body, a header of authorization or a key's value. No path, no user
  # agent and no error message either: they repeat what a client wrote, a card number for one, and a
  # quote in it would forge a field. The resource's template and the caller say what was meant.
  access_log_format = {
    # who
    account_id   = "$context.identity.accountId"
    api_key_id   = "$context.identity.apiKeyId"
    principal_id = "$context.identity.caller"
    user_arn     = "$context.identity.userArn"

    # what, and on which resource
    api_id        = "$context.apiId"
    http_method   = "$context.httpMethod"
    protocol      = "$context.protocol"
    request_id    = "$context.extendedRequestId" # a client may choose the other one
    resource_path = "$context.resourcePath"
    stage         = "$context.stage"
    trace_id      = "$context.xrayTraceId"

    # when
    request_time          = "$context.requestTime"
    request_time_epoch_ms = "$context.requestTimeEpoch"

    # from where
    base_path    = "$context.customDomain.basePathMatched" # of the mapping, not of the client
    cipher_suite = "$context.cipherSuite"
    domain_name  = "$context.domainName"
    source_ip    = "$context.identity.sourceIp"
    tls_version  = "$context.tlsVersion"

    # with which outcome
    authenticate_status    = "$context.authenticate.status"
    authorize_status       = "$context.authorize.status"
    error_type             = "$context.error.responseType"
    integration_latency_ms = "$context.integration.latency"
    integration_status     = "$context.integration.status"
    response_latency_ms    = "$context.responseLatency"
    response_length        = "$context.responseLength"
    status                 = "$context.status"
    waf_response           = "$context.wafResponseCode"
  }
}
