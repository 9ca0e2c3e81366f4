# Which versions of which API stand, and how long they will: data beside the contracts, the same in
# every environment, so that a release brings both.

locals {
  contracts = {
    dashboard = "${path.module}/../../ecs_src/merchant_dashboard/openapi"
    fraud     = "${path.module}/../../ecs_src/fraud_detection/openapi"
    payments  = "${path.module}/../../lambda_src/transaction_gateway/openapi"
  }
  versions = { for service, lifecycle in module.api_lifecycle : service => lifecycle.standing }

  # By the path under which the custom domain has them.
  apis = merge([
    for service, versions in {
      dashboard = module.dashboard_api
      fraud     = module.fraud_api
      payments  = module.payments_api
      } : {
      for version, api in versions : "${version}/${service}" => merge(api, {
        service = service
        state   = local.versions[service][version].state
        version = version
      })
    }
  ]...)
}

module "api_lifecycle" {
  source   = "../api-gateway/lifecycle"
  for_each = local.contracts

  service  = each.key
  versions = jsondecode(file("${each.value}/versions.json")).versions
}

moved {
  from = module.dashboard_api
  to   = module.dashboard_api["v1"]
}

moved {
  from = module.fraud_api
  to   = module.fraud_api["v1"]
}

moved {
  from = module.payments_api
  to   = module.payments_api["v1"]
}
