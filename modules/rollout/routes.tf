# Who is served by which backend. API Gateway can't weigh integrations, and a split by request would part a
# capture from its payment: a weight counts merchants, and a merchant is on one side only.

locals {
  phases = ["legacy", "canary", "majority", "new", "decommissioned"]

  # A merchant's number of each service, 0 to 99: always the same, whoever else there is.
  numbers = {
    for service in keys(var.services) : service => {
      for id in keys(var.merchants) : id => parseint(substr(sha256("${service}/${id}"), 0, 8), 16) % 100
    }
  }

  # Raising a weight only adds merchants.
  moved = {
    for service, plan in var.services : service => toset([
      for id in keys(var.merchants) : id
      if contains(["new", "decommissioned"], plan.phase) || anytrue([
        for cohort in plan.cohorts : contains(cohort.merchants, id) && local.numbers[service][id] < cohort.weights.new
      ])
    ])
  }

  planned = sum(concat([0], values(var.merchants)))
  moved_percent = {
    for service, moved in local.moved : service =>
    local.planned == 0 ? 0 : 100 * sum(concat([0], [for id in moved : var.merchants[id]])) / local.planned
  }
  shares_out_of_phase = [
    for service, percent in local.moved_percent : "${service} is in \"${var.services[service].phase}\" with ${floor(percent)} % of the planned requests on the new service"
    if !lookup({
      legacy   = percent == 0
      canary   = percent > 0 && percent <= 50
      majority = percent > 50
    }, var.services[service].phase, true)
  ]
}
