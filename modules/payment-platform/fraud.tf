module "fraud_data" {
  source = "../data"

  name                     = local.name
  data_class               = "fraud"
  deletion_protection      = var.deletion_protection
  key_deletion_window_days = var.key_deletion_window_days

  tables = {
    fraud-counters = {
      hash_key      = "pk"
      ttl_attribute = "expires_at"
      attributes    = { pk = "S" }
    }
  }
}

module "fraud_detection" {
  source = "../ecs-service"

  name      = "${local.name}-fraud-detection"
  image     = { digest = local.release.images.fraud_detection.digest }
  container = { command = ["python", "-m", "fraud_detection"] }

  environment = {
    ENVIRONMENT          = var.environment
    FRAUD_COUNTERS_TABLE = module.fraud_data.tables["fraud-counters"].name
    LOG_LEVEL            = var.logs.level
    PAYMENTS_TABLE       = local.transactions_table.name
    REFUSE_AT            = tostring(var.fraud.refuse_at)
    REVIEW_AT            = tostring(var.fraud.review_at)
    SCORE_DEADLINE_MS    = tostring(var.fraud.deadline_ms)
  }
  permissions = {
    CountPayments = {
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [module.fraud_data.tables["fraud-counters"].arn]
    }
    ReadProfiles = local.read_profiles
    UseDataKeysThroughDynamoDB = merge(local.through_dynamodb, {
      resources = [module.data.kms_key_arn, module.fraud_data.kms_key_arn]
    })
  }

  capacity = {
    spare                            = var.environment != "dev"
    transactions_per_second          = max(1, local.fraud_scores_per_second)
    transactions_per_second_per_task = 100
  }

  network = merge(local.service_network, {
    # The load balancer is the dashboard's too.
    load_balancer_security_group_ids = values(module.network.load_balancer_security_group_ids)
    task_security_group_ids          = [module.network.service_security_group_ids["fraud"]]
  })
  listener      = { certificate_arn = aws_acm_certificate_validation.services.certificate_arn }
  load_balancer = { deletion_protection = var.deletion_protection }

  alarm_topic_arns         = var.alarm_topic_arns
  kms_key                  = { arn = aws_kms_key.operations.arn }
  logs                     = { retention_days = var.logs.retention_days }
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "fraud_api" {
  source   = "../api-gateway"
  for_each = local.versions.fraud

  name    = "${local.name}-fraud-${each.key}"
  openapi = file("${local.contracts.fraud}/${each.key}.yaml")

  integrations = {
    legacy     = local.legacy.fraud
    private    = { base_url = local.fraud_url, vpc_link_id = module.fraud_detection.load_balancer.vpc_link_id }
    timeout_ms = 2000
  }
  capacity          = local.service_capacity.fraud
  clients           = local.clients.fraud
  version_lifecycle = each.value.version_lifecycle

  alarm_topic_arns             = var.alarm_topic_arns
  disable_execute_api_endpoint = var.disable_execute_api_endpoint
  kms_key                      = { arn = aws_kms_key.operations.arn }
  logs                         = { retention_days = var.logs.retention_days }
  web_acl                      = var.web_acl
}
