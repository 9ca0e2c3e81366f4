resource "aws_wafv2_web_acl_logging_configuration" "apis" {
  resource_arn            = aws_wafv2_web_acl.apis.arn
  log_destination_configs = [aws_cloudwatch_log_group.web_acl.arn]

  dynamic "redacted_fields" {
    for_each = local.secret_headers

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
  secret_headers = ["authorization", "cookie", "x-amz-security-token", "x-api-key"]

  # Redaction leaves out what a rule quotes: the piece that matched, and the key that a rate was
  # counted by. This doesn't. A hashed key still says whether it was the same one.
  protected_fields = concat(
    [
      for header in local.secret_headers : {
        action = header == "x-api-key" ? "HASH" : "SUBSTITUTION"
        keys   = [header]
        type   = "SINGLE_HEADER"
      }
    ],
    [for type in ["BODY", "QUERY_STRING"] : { action = "SUBSTITUTION", keys = [], type = type }],
  )
}
