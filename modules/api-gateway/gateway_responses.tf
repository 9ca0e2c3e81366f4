# What API Gateway answers by itself, in the words of the services' problem
# catalogue, so that a client needs one way to read an error.

locals {
  # No text repeats the request: validation messages quote values, and a value may be a card number.
  gateway_problems = {
    ACCESS_DENIED = {
      status = 403, code = "access_denied", retryable = false
      title  = "The caller may not do this"
      detail = "The signature is right, but no policy allows this call. Sign with the role of the merchant in the path."
    }
    API_CONFIGURATION_ERROR = {
      status = 500, code = "internal_error", retryable = true
      title  = "Something failed on our side"
      detail = "The API is misconfigured. Repeat the request later, with its Idempotency-Key."
    }
    AUTHORIZER_CONFIGURATION_ERROR = {
      status = 500, code = "internal_error", retryable = true
      title  = "Something failed on our side"
      detail = "The API is misconfigured. Repeat the request later, with its Idempotency-Key."
    }
    AUTHORIZER_FAILURE = {
      status = 500, code = "internal_error", retryable = true
      title  = "Something failed on our side"
      detail = "The caller couldn't be authorized. Repeat the request, with its Idempotency-Key."
    }
    BAD_REQUEST_BODY = {
      status = 400, code = "invalid_request", retryable = false
      title  = "The request is invalid"
      detail = "The body doesn't match the contract. Compare it with the operation's schema."
    }
    BAD_REQUEST_PARAMETERS = {
      status = 400, code = "invalid_request", retryable = false
      title  = "The request is invalid"
      detail = "A required header, path or query parameter is missing. Compare the request with the operation's contract."
    }
    DEFAULT_4XX = {
      status = 400, code = "invalid_request", retryable = false
      title  = "The request is invalid"
      detail = "The request can't be served as it is. Compare it with the operation's contract."
    }
    DEFAULT_5XX = {
      status = 500, code = "internal_error", retryable = true
      title  = "Something failed on our side"
      detail = "Something failed on our side. Repeat the request, with its Idempotency-Key."
    }
    EXPIRED_TOKEN = {
      status = 403, code = "signature_invalid", retryable = false
      title  = "The signature is wrong or expired"
      detail = "The credentials have expired. Assume the role anew and sign again."
    }
    INTEGRATION_FAILURE = {
      status = 502, code = "integration_failed", retryable = true
      title  = "The service failed to answer"
      detail = "The outcome is unknown. Repeat the request, with its Idempotency-Key."
    }
    INTEGRATION_TIMEOUT = {
      status = 504, code = "integration_timeout", retryable = true
      title  = "The service didn't answer in time"
      detail = "The outcome is unknown. Repeat the request, with its Idempotency-Key."
    }
    INVALID_API_KEY = {
      status = 403, code = "api_key_invalid", retryable = false
      title  = "The API key is missing or unknown"
      detail = "Send the merchant's API key in the header x-api-key."
    }
    INVALID_SIGNATURE = {
      status = 403, code = "signature_invalid", retryable = false
      title  = "The signature is wrong or expired"
      detail = "The signature doesn't match the request. Check the clock, the region and what was signed."
    }
    MISSING_AUTHENTICATION_TOKEN = {
      status = 403, code = "authentication_missing", retryable = false
      title  = "The request isn't signed"
      detail = "Sign the request with Signature Version 4, or check the path: an unknown one is answered the same."
    }
    QUOTA_EXCEEDED = {
      status = 429, code = "quota_exceeded", retryable = true
      title  = "The quota is used up"
      detail = "The plan's requests of this day are used up. Try again tomorrow, or ask for a larger plan."
    }
    REQUEST_TOO_LARGE = {
      status = 413, code = "body_too_large", retryable = false
      title  = "The body is too large"
      detail = "The request is larger than API Gateway takes."
    }
    RESOURCE_NOT_FOUND = {
      status = 404, code = "not_found", retryable = false
      title  = "There is no such resource"
      detail = "Check the path against the contract."
    }
    THROTTLED = {
      status = 429, code = "throttled", retryable = true
      title  = "Too many requests"
      detail = "The plan's rate is used up. Wait, then repeat the request, with its Idempotency-Key."
    }
    UNAUTHORIZED = {
      status = 403, code = "authentication_missing", retryable = false
      title  = "The request isn't signed"
      detail = "Sign the request with Signature Version 4."
    }
    UNSUPPORTED_MEDIA_TYPE = {
      status = 415, code = "unsupported_media_type", retryable = false
      title  = "The body must be application/json"
      detail = "Send the body as application/json."
    }
    WAF_FILTERED = {
      status = 403, code = "request_blocked", retryable = false
      title  = "The firewall blocked the request"
      detail = "The request looks like an attack. Ask support, with the request id, if it wasn't one."
    }
  }

  gateway_responses = {
    for type, problem in local.gateway_problems : type => {
      statusCode = tostring(problem.status)
      responseParameters = merge(
        { "gatewayresponse.header.Content-Type" = "'application/problem+json'" },
        local.lifecycle_responses,
        type == "THROTTLED" ? { "gatewayresponse.header.Retry-After" = "'1'" } : {},
      )
      responseTemplates = {
        "application/json" = jsonencode({
          type       = "urn:payment-api:problem:${problem.code}"
          title      = problem.title
          status     = problem.status
          detail     = problem.detail
          code       = problem.code
          retryable  = problem.retryable
          request_id = "$context.extendedRequestId"
        })
      }
    }
  }
}
