output "apis" {
  description = "APIs by name: id, stage, invoke URL, and names of the log groups."
  value = {
    payments = {
      access_log_group    = module.payments_api.access_log_group.name
      execution_log_group = module.payments_api.execution_log_group.name
      id                  = module.payments_api.api.id
      invoke_url          = module.payments_api.stage.invoke_url
      stage               = module.payments_api.stage.name
    }
  }
}

output "controls" {
  description = "PCI DSS requirements that the platform meets, by the module that meets them: requirement, control, resource and test."
  value = {
    data                = module.data.controls
    payment_platform    = local.controls
    payments_api        = module.payments_api.controls
    sweeper             = module.sweeper.controls
    tokenizer           = module.tokenizer.controls
    transaction_gateway = module.transaction_gateway.controls
    vault               = module.vault.controls
  }
}

output "functions" {
  description = "Functions by name: their name, live alias, log group, dead-letter queue, and the rule that runs them (null: none)."
  value = {
    for name, function in { sweeper = module.sweeper, tokenizer = module.tokenizer, transaction_gateway = module.transaction_gateway } : name => {
      alias_arn                     = function.alias.arn
      dead_letter_queue             = function.dead_letter_queue.name
      log_group                     = function.log_group.name
      name                          = function.function.name
      schedule_rule_name            = function.schedule_rule_name
      version                       = function.function.version
    }
  }
}

output "merchants" {
  description = "Merchants by id: the role that they assume, and the ids of their API key and usage plan."
  value = {
    for id in keys(var.merchants) : id => {
      api_key_id    = module.payments_api.clients[id].api_key_id
      role_arn      = aws_iam_role.merchant[id].arn
      usage_plan_id = module.payments_api.clients[id].usage_plan_id
    }
  }
}

output "table" {
  description = "The payments table: ARN and name."
  value = {
    arn  = module.data.tables["transactions"].arn
    name = module.data.tables["transactions"].name
  }
}

locals {
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
