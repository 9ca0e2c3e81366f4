# The payments API alone, with two backends: the transaction gateway and, behind a VPC link, a legacy application.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "acquirer_url" {
  type = string
}

variable "release_directory" {
  type = string
}

variable "services" {
  type = any
}

variable "web_acl_arn" {
  type = string
}

locals {
  release   = jsondecode(file("${var.release_directory}/release.json"))
  merchants = toset(["m_bakery", "m_cinema", "m_florist"])
}

module "rollout" {
  source = "../../../modules/rollout"

  name       = "payments-dev"
  merchants  = { m_bakery = 60, m_cinema = 20, m_florist = 20 }
  services   = var.services
  kms_key_id = module.data.kms_key_arn
}

module "data" {
  source = "../../../modules/data"

  name                     = "payments-dev"
  data_class               = "payments"
  deletion_protection      = false
  key_deletion_window_days = 7

  tables = {
    transactions = {
      hash_key      = "pk"
      range_key     = "sk"
      ttl_attribute = "expires_at"
      attributes    = { pk = "S", sk = "S", unresolved_shard = "S", unresolved_since = "S" }
      indexes       = { unresolved = { hash_key = "unresolved_shard", range_key = "unresolved_since" } }
    }
  }
}

module "transaction_gateway" {
  source = "../../../modules/lambda-service"

  name        = "payments-dev-transaction-gateway"
  description = "Answers the payments API"
  handler     = "transaction_gateway.handler.handle"
  concurrency = { reserved = 10 }
  artifact = {
    path          = "${var.release_directory}/${local.release.functions.transaction_gateway.file}"
    sha256_base64 = local.release.functions.transaction_gateway.sha256_base64
  }
  environment = {
    ACQUIRER_URL   = var.acquirer_url
    PAYMENTS_TABLE = module.data.tables["transactions"].name
  }
  permissions = {
    KeepPayments = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [module.data.tables["transactions"].arn]
    }
  }
}

module "payments_api" {
  source = "../../../modules/api-gateway"

  name    = "payments-dev-payments-v1"
  openapi = file("${path.module}/../../../lambda_src/transaction_gateway/openapi/v1.yaml")
  integrations = {
    default = module.transaction_gateway.alias
    # Stands for the tokenizer: any function that isn't the default will do.
    by_operation = { createToken = module.transaction_gateway.alias }
    legacy = {
      for id, by_service in module.rollout.legacy : id => by_service.payments if contains(keys(by_service), "payments")
    }
  }
  capacity = { transactions_per_second = 300, burst = 300 }
  clients  = { for id in local.merchants : id => { rate_per_second = 100, burst = 100 } }
  kms_key  = { arn = module.data.kms_key_arn }
  web_acl  = { arn = var.web_acl_arn }
}

resource "aws_iam_role" "merchant" {
  for_each = local.merchants

  name = "merchant-${each.key}"
  tags = { merchant_id = each.key }

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::333333333333:root" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "merchant" {
  for_each = local.merchants

  name   = "call-payments-api"
  role   = aws_iam_role.merchant[each.key].id
  policy = module.payments_api.invoke_policy_json
}

resource "aws_dynamodb_table_item" "merchant_profile" {
  for_each = local.merchants

  table_name = module.data.tables["transactions"].name
  hash_key   = "pk"
  range_key  = "sk"

  item = jsonencode({
    pk         = { S = "MERCHANT#${each.key}" }
    sk         = { S = "PROFILE" }
    api_key_id = { S = module.payments_api.clients[each.key].api_key_id }
  })
}

output "api" {
  value = {
    access_log_group = module.payments_api.access_log_group.name
    id               = module.payments_api.api.id
    keys             = module.payments_api.clients
    table            = module.data.tables["transactions"].name
  }
}
