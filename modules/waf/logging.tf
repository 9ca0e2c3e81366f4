resource "aws_wafv2_web_acl_logging_configuration" "apis" {
  resource_arn            = aws_wafv2_web_acl.apis.arn
  log_destination_configs = [aws_cloudwatch_log_group.web_acl.arn]

  dynamic "redacted_fields" {
    for_each = local.hidden_headers

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }

  # Clients write card numbers into addresses.
  redacted_fields {
    query_string {}
  }

  redacted_fields {
    uri_path {}
  }

  # A record quotes all headers, and those that nobody knows can't be named. What passes is in the
  # API's access log, which quotes none.
  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      dynamic "condition" {
        for_each = ["BLOCK", "COUNT"]

        content {
          action_condition {
            action = condition.value
          }
        }
      }
    }
  }

  depends_on = [aws_cloudwatch_log_resource_policy.delivery]
}

resource "aws_cloudwatch_log_group" "web_acl" {
  name              = local.log_group_name
  kms_key_id        = aws_kms_key.logs.arn
  retention_in_days = var.logs.retention_days
}

# AWS would write a policy itself, one that grows with every log group of the account.
resource "aws_cloudwatch_log_resource_policy" "delivery" {
  policy_name = local.log_group_name

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DeliverWebAclLogs"
      Effect    = "Allow"
      Principal = { Service = "delivery.logs.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${local.log_groups_arn}:${local.log_group_name}:log-stream:*"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${local.region}:${local.account_id}:*" }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

locals {
  secret_headers = ["authorization", "cookie", "x-amz-security-token"]

  # Their text is the client's, who writes card numbers there too.
  free_headers = [
    "baggage", "correlation-id", "forwarded", "from", "idempotency-key", "origin", "referer", "request-id",
    "traceparent", "tracestate", "user-agent", "via", "x-amzn-trace-id", "x-client-id", "x-correlation-id",
    "x-device-id", "x-forwarded-for", "x-merchant-id", "x-original-url", "x-real-ip", "x-request-id",
    "x-requested-with", "x-trace-id", "x-transaction-id",
  ]

  hidden_headers = concat(local.secret_headers, ["x-api-key"], local.free_headers)

  # Redaction leaves out what a rule quotes: the piece that matched, and the key that a rate was
  # counted by. This doesn't. A hashed key still says whether it was the same one.
  protected_fields = concat(
    [
      { action = "HASH", keys = ["x-api-key"], type = "SINGLE_HEADER" },
      { action = "SUBSTITUTION", keys = concat(local.secret_headers, local.free_headers), type = "SINGLE_HEADER" },
    ],
    [for type in ["BODY", "QUERY_STRING"] : { action = "SUBSTITUTION", keys = [], type = type }],
  )
}
