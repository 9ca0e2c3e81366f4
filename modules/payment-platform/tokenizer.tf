# The only code that sees card numbers, with a table and keys that nobody else may use.

module "vault" {
  source = "../data"

  name                     = local.name
  data_class               = "vault"
  deletion_protection      = var.deletion_protection
  key_deletion_window_days = var.key_deletion_window_days

  tables = {
    vault = {
      hash_key      = "pk"
      range_key     = "sk"
      ttl_attribute = "expires_at"
      attributes    = { pk = "S", sk = "S" }
    }
  }
}

resource "aws_kms_key" "card" {
  description             = "Encrypts card numbers of ${local.name}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = jsonencode(local.card_key_policies.card)
}

resource "aws_kms_alias" "card" {
  name          = "alias/${local.name}-card"
  target_key_id = aws_kms_key.card.key_id
}

# Can't rotate, and must not: with another key known cards would get new tokens.
resource "aws_kms_key" "card_equality" {
  description              = "Tells equal card numbers of ${local.name} without showing them"
  customer_master_key_spec = "HMAC_256"
  deletion_window_in_days  = var.key_deletion_window_days
  key_usage                = "GENERATE_VERIFY_MAC"
  policy                   = jsonencode(local.card_key_policies.card_equality)
}

resource "aws_kms_alias" "card_equality" {
  name          = "alias/${local.name}-card-equality"
  target_key_id = aws_kms_key.card_equality.key_id
}

locals {
  tokenizer_name = "${local.name}-tokenizer"

  card_key_actions = {
    card          = "kms:Encrypt"
    card_equality = "kms:GenerateMac"
  }

  # Nobody may decrypt: who must read numbers one day is added here, for all to see. The account's
  # policies decide about nothing but administration, so no other role can be let in by them.
  card_key_policies = {
    for key, action in local.card_key_actions : key => {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "AdministerKey"
          Effect    = "Allow"
          Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
          Action = [
            "kms:CancelKeyDeletion",
            "kms:CreateAlias",
            "kms:DeleteAlias",
            "kms:Describe*",
            "kms:DisableKey*",
            "kms:EnableKey*",
            "kms:Get*",
            "kms:List*",
            "kms:PutKeyPolicy",
            "kms:ScheduleKeyDeletion",
            "kms:TagResource",
            "kms:UntagResource",
            "kms:UpdateAlias",
            "kms:UpdateKeyDescription",
          ]
          Resource = "*"
        },
        {
          Sid       = "UseByTokenizer"
          Effect    = "Allow"
          Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
          Action    = action
          Resource  = "*"
          Condition = {
            ArnEquals = { "aws:PrincipalArn" = "arn:${local.partition}:iam::${local.account_id}:role/${local.tokenizer_name}" }
          }
        },
      ]
    }
  }
}

module "tokenizer" {
  source = "../lambda-service"

  name        = local.tokenizer_name
  description = "Takes card numbers and gives tokens"
  artifact    = local.artifacts.tokenizer
  handler     = "tokenizer.handler.handle"

  environment = {
    ACQUIRER_TIMEOUT_MS = tostring(var.acquirer.timeout_ms)
    ACQUIRER_URL        = var.acquirer.url
    CARD_KEY_ARN        = aws_kms_key.card.arn
    ENVIRONMENT         = var.environment
    LOG_LEVEL           = var.logs.level
    MAC_KEY_ARN         = aws_kms_key.card_equality.arn
    PAYMENTS_TABLE      = local.transactions_table.name
    VAULT_TABLE         = module.vault.tables["vault"].name
  }
  permissions = {
    EncryptNumbers = {
      actions    = ["kms:Encrypt"]
      resources  = [aws_kms_key.card.arn]
      conditions = { "ForAllValues:StringEquals" = { "kms:EncryptionContextKeys" = ["merchant_id", "token"] } }
    }
    TellEqualNumbers = {
      actions   = ["kms:GenerateMac"]
      resources = [aws_kms_key.card_equality.arn]
    }
    KeepCards = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [module.vault.tables["vault"].arn]
    }
    ReadProfiles = local.read_profiles
    UseDataKeysThroughDynamoDB = merge(local.through_dynamodb, {
      resources = [module.data.kms_key_arn, module.vault.kms_key_arn]
    })
  }

  concurrency = {
    provisioned = local.provisioned_concurrency.tokenizer
    reserved    = local.reserved_concurrency.tokenizer
  }
  memory_mb       = 1024
  timeout_seconds = 15
  vpc             = local.acquirer_vpc

  alarm_topic_arns         = var.alarm_topic_arns
  code_signing_config_arn  = var.code_signing_config_arn
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = var.logs
  permissions_boundary_arn = var.permissions_boundary_arn
}
