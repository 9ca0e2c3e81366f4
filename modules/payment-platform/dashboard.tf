module "dashboard_data" {
  source = "../data"

  name                     = local.name
  data_class               = "dashboard"
  deletion_protection      = var.deletion_protection
  key_deletion_window_days = var.key_deletion_window_days

  tables = {
    dashboard = {
      hash_key      = "pk"
      range_key     = "sk"
      ttl_attribute = "expires_at"
      attributes    = { pk = "S", sk = "S", gsi1pk = "S", gsi1sk = "S" }
      indexes       = { gsi1 = { hash_key = "gsi1pk", range_key = "gsi1sk" } }
    }
  }
}

locals {
  dashboard_table = module.dashboard_data.tables["dashboard"]

  use_dashboard_keys = merge(local.through_dynamodb, {
    resources = [module.dashboard_data.kms_key_arn, module.data.kms_key_arn]
  })
}

# Signs forms and cursors, the same for all tasks. The name isn't fixed, since a deleted secret's is
# blocked for days; the value is made here and kept nowhere else, the state included.
resource "aws_secretsmanager_secret" "csrf_key" {
  name_prefix             = "${local.name}-dashboard-csrf-key-"
  description             = "Signs the dashboard's forms and cursors"
  kms_key_id              = aws_kms_key.operations.arn
  recovery_window_in_days = var.key_deletion_window_days
}

ephemeral "aws_secretsmanager_random_password" "csrf_key" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "csrf_key" {
  secret_id                = aws_secretsmanager_secret.csrf_key.id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.csrf_key.random_password
  secret_string_wo_version = 1
}

module "merchant_dashboard" {
  source = "../ecs-service"

  name      = "${local.name}-merchant-dashboard"
  image     = { digest = local.release.images.merchant_dashboard.digest }
  container = { command = ["python", "-m", "merchant_dashboard"] }

  environment = {
    CSRF_KEY_SECRET_ARN        = aws_secretsmanager_secret_version.csrf_key.arn
    DASHBOARD_TABLE            = local.dashboard_table.name
    ENVIRONMENT                = var.environment
    LOG_LEVEL                  = var.logs.level
    PAYMENTS_TABLE             = local.transactions_table.name
    REFUND_SECOND_PERSON_ABOVE = jsonencode(var.refund_second_person_above)
    TRANSACTION_GATEWAY_ARN    = module.transaction_gateway.alias.arn
    WEBHOOKS_TABLE             = local.webhooks_table.name
  }
  permissions = {
    ReadPayments = {
      actions   = ["dynamodb:GetItem"]
      resources = [local.transactions_table.arn]
    }
    KeepReadModel = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [local.dashboard_table.arn, local.dashboard_table.index_arns["gsi1"]]
    }
    ReadEndpoints = {
      actions   = ["dynamodb:GetItem"]
      resources = [local.webhooks_table.arn]
    }
    ListDeliveries = {
      actions   = ["dynamodb:Query"]
      resources = [local.webhooks_table.index_arns["by_time"]]
    }
    UseDataKeysThroughDynamoDB = merge(local.through_dynamodb, {
      resources = [module.dashboard_data.kms_key_arn, module.data.kms_key_arn, module.webhook_data.kms_key_arn]
    })
    Refund = {
      actions   = ["lambda:InvokeFunction"]
      resources = [module.transaction_gateway.alias.arn]
    }
    ReadCsrfKey = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.csrf_key.arn]
    }
    DecryptCsrfKey = {
      actions    = ["kms:Decrypt"]
      resources  = [aws_kms_key.operations.arn]
      conditions = { StringEquals = { "kms:ViaService" = ["secretsmanager.${local.region}.amazonaws.com"] } }
    }
    ReadUsage = {
      actions = ["apigateway:GET"]
      resources = [
        "arn:${local.partition}:apigateway:${local.region}::/usageplans",
        "arn:${local.partition}:apigateway:${local.region}::/usageplans/*/usage",
      ]
    }
  }

  capacity = {
    spare                            = var.environment != "dev"
    transactions_per_second          = max(1, local.service_capacity.dashboard.transactions_per_second)
    transactions_per_second_per_task = 20
  }

  cluster = module.fraud_detection.cluster
  network = merge(local.service_network, {
    task_security_group_ids = [module.network.service_security_group_ids["dashboard"]]
  })
  listener = {
    certificate_arn = aws_acm_certificate_validation.services.certificate_arn
    port            = local.dashboard_port
  }
  load_balancer = { shared = module.fraud_detection.load_balancer }

  alarm_topic_arns         = var.alarm_topic_arns
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = { retention_days = var.logs.retention_days }
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "dashboard_api" {
  source   = "../api-gateway"
  for_each = local.versions.dashboard

  name    = "${local.name}-dashboard-${each.key}"
  openapi = file("${local.contracts.dashboard}/${each.key}.yaml")

  integrations = {
    legacy     = local.legacy.dashboard
    private    = { base_url = local.dashboard_url, vpc_link_id = module.merchant_dashboard.load_balancer.vpc_link_id }
    timeout_ms = 29000
  }
  capacity          = local.service_capacity.dashboard
  clients           = local.clients.dashboard
  version_lifecycle = each.value.version_lifecycle

  alarm_topic_arns             = var.alarm_topic_arns
  disable_execute_api_endpoint = var.disable_execute_api_endpoint
  kms_key                      = { arn = aws_kms_key.operations.arn }
  logs                         = { retention_days = var.logs.retention_days }
  web_acl                      = var.web_acl
}
