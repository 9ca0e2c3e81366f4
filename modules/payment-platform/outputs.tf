output "apis" {
  description = "APIs by version and service, such as `v1/payments`: id, stage, invoke URL, names of the log groups, service, version and its state."
  value = {
    for name, api in local.apis : name => {
      access_log_group    = api.access_log_group.name
      execution_log_group = api.execution_log_group.name
      id                  = api.api.id
      invoke_url          = api.stage.invoke_url
      service             = api.service
      stage               = api.stage.name
      state               = api.state
      version             = api.version
    }
  }
}

output "controls" {
  description = "PCI DSS requirements that the platform meets, by the module that meets them: requirement, control, resource and test."
  value = {
    dashboard_api       = one(distinct(values(module.dashboard_api)[*].controls)) # each version's alike
    dashboard_data      = module.dashboard_data.controls
    dashboard_projector = module.dashboard_projector.controls
    data                = module.data.controls
    event_publisher     = module.event_publisher.controls
    fraud_api           = one(distinct(values(module.fraud_api)[*].controls)) # each version's alike
    fraud_data          = module.fraud_data.controls
    fraud_detection     = module.fraud_detection.controls
    merchant_dashboard  = module.merchant_dashboard.controls
    network             = module.network.controls
    observability       = module.observability.controls
    payment_platform    = local.controls
    payments_api        = one(distinct(values(module.payments_api)[*].controls)) # each version's alike
    sweeper             = module.sweeper.controls
    tokenizer           = module.tokenizer.controls
    transaction_gateway = module.transaction_gateway.controls
    vault               = module.vault.controls
    webhook_data        = module.webhook_data.controls
    webhook_sender      = module.webhook_sender.controls
  }
}

output "functions" {
  description = "Functions by name: their name, live alias, log group, dead-letter queue, and the rule that runs them (null: none)."
  value = {
    for name, function in local.functions : name => {
      alias_arn          = function.alias.arn
      dead_letter_queue  = function.dead_letter_queue.name
      log_group          = function.log_group.name
      name               = function.function.name
      schedule_rule_name = function.schedule_rule_name
      version            = function.function.version
    }
  }
}

output "merchants" {
  description = "Merchants by id: the role that they assume, the id of their API key, and those of their usage plans by API."
  value = {
    for id in keys(var.merchants) : id => {
      api_key_id     = aws_api_gateway_api_key.merchant[id].id
      role_arn       = aws_iam_role.merchant[id].arn
      usage_plan_ids = { for path, api in local.apis : path => api.clients[id].usage_plan_id }
    }
  }
}

output "observability" {
  description = "What operators watch: names of the dashboard, of the alarms on objectives, and of the query that follows one request."
  value = {
    alarms    = module.observability.alarm_names
    dashboard = module.observability.dashboard.name
    query     = module.observability.query_name
  }
}

output "services" {
  description = "Services on ECS by name: their name, cluster, log group, image repository and address in the VPC."
  value = {
    for name, service in local.services : name => {
      cluster    = service.module.cluster.name
      log_group  = service.module.log_group.name
      name       = service.module.service.name
      repository = service.module.image_repository.url
      url        = service.url
    }
  }
}

output "tables" {
  description = "Tables by name: ARN and name."
  value = {
    for name, table in local.tables : name => {
      arn  = table.arn
      name = table.name
    }
  }
}

locals {
  functions = {
    dashboard_projector = module.dashboard_projector
    event_publisher     = module.event_publisher
    sweeper             = module.sweeper
    tokenizer           = module.tokenizer
    transaction_gateway = module.transaction_gateway
    webhook_sender      = module.webhook_sender
  }
  services = {
    fraud_detection    = { module = module.fraud_detection, url = local.fraud_url }
    merchant_dashboard = { module = module.merchant_dashboard, url = local.dashboard_url }
  }
  tables = {
    dashboard      = local.dashboard_table
    fraud_counters = module.fraud_data.tables["fraud-counters"]
    transactions   = local.transactions_table
    vault          = module.vault.tables["vault"]
    webhooks       = local.webhooks_table
  }

  controls = [
    {
      requirement = "7.2.5"
      control     = "A merchant can call its own paths and nothing else, for an hour at a time"
      resource    = "aws_iam_role.merchant"
      test        = "tests/modules/test_payment_platform_module.py::test_merchant_role_reaches_its_own_paths_only"
    },
    {
      requirement = "8.6.3"
      control     = "Merchants use temporary credentials; session tags can't change who they are"
      resource    = "aws_iam_role.merchant"
      test        = "tests/modules/test_payment_platform_module.py::test_merchant_role_refuses_session_tags"
    },
  ]
}
