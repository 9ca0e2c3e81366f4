# A merchant is a role of this account that its own principals assume. Its tag
# binds it to the merchant's paths; a session can't bring other tags, since
# nobody is allowed sts:TagSession.
resource "aws_iam_role" "merchant" {
  for_each = var.merchants

  name                 = "merchant-${each.key}"
  description          = "Calls the payments APIs as ${each.key}"
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ActAsMerchant"
      Effect    = "Allow"
      Principal = { AWS = sort(each.value.trusted_principal_arns) }
      Action    = "sts:AssumeRole"
    }]
  })

  tags = {
    merchant_id = each.key
  }
}

resource "aws_iam_role_policy" "merchant" {
  for_each = var.merchants

  name   = "call-payments-apis"
  role   = aws_iam_role.merchant[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.merchant_statements })
}

locals {
  # Who is still served by a legacy backend, of each API.
  legacy = {
    for api in ["dashboard", "fraud", "payments"] : api => {
      for id, merchant in var.merchants : id => merchant.legacy[api] if contains(keys(merchant.legacy), api)
    }
  }

  merchant_statements = flatten([
    for name, api in local.apis : [
      for statement in jsondecode(api.invoke_policy_json).Statement :
      merge(statement, { Sid = "${statement.Sid}${replace(title(replace(name, "/", " ")), " ", "")}" })
    ]
  ])
}

# A merchant's key outlives the versions that it is used with.
resource "aws_api_gateway_api_key" "merchant" {
  for_each = var.merchants

  name        = "${local.name}-${each.key}"
  description = "Meters ${each.key}; it authorizes nothing"
}

# What the handler compares the caller with: which API key is whose.
resource "aws_dynamodb_table_item" "merchant_profile" {
  for_each = var.merchants

  table_name = module.data.tables["transactions"].name
  hash_key   = "pk"
  range_key  = "sk"

  item = jsonencode({
    pk          = { S = "MERCHANT#${each.key}" }
    sk          = { S = "PROFILE" }
    merchant_id = { S = each.key }
    api_key_id  = { S = aws_api_gateway_api_key.merchant[each.key].id }
  })
}
