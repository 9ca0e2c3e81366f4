resource "aws_dynamodb_table" "payments" {
  name                        = "payments"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = local.changed ? false : true

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  attribute {
    name = "unresolved_shard"
    type = "S"
  }

  attribute {
    name = "unresolved_since"
    type = "S"
  }

  global_secondary_index {
    name            = "unresolved"
    hash_key        = "unresolved_shard"
    range_key       = "unresolved_since"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = local.changed ? 35 : 7
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.service.arn
  }
}

resource "aws_dynamodb_table_item" "merchant" {
  table_name = aws_dynamodb_table.payments.name
  hash_key   = aws_dynamodb_table.payments.hash_key
  range_key  = aws_dynamodb_table.payments.range_key

  item = jsonencode({
    pk          = { S = "MERCHANT#m_acme" }
    sk          = { S = "PROFILE" }
    merchant_id = { S = "m_acme" }
    api_key_id  = { S = aws_api_gateway_api_key.merchant.id }
    revision    = { N = tostring(var.revision) }
  })
}
