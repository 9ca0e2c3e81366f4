variable "name" {
  description = "Prefix of the VPC links' names, for example `payments-dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "Use 3 to 32 lower-case letters, digits and hyphens that start with a letter, for example \"payments-dev\"."
  }
}

variable "merchants" {
  description = "Requests a second of each merchant's plan, by merchant id: shares of the traffic are counted in them."
  type        = map(number)
  nullable    = false
}

variable "kms_key_id" {
  description = "Key of the parameters that say which phase was released: its ARN, id or alias."
  type        = string
  nullable    = false
}

variable "services" {
  description = "Services under way from a legacy backend to the new one, by the API's name: the phase, where the legacy backend answers (`base_url`, https, and the network load balancer before it), whether both sides keep idempotency keys in one store, and cohorts of merchants with the percentage that each backend gets of a cohort's merchants. A service that isn't named, and a merchant of no cohort in the phases `new` and `decommissioned`, is on the new one; before, on the legacy one."
  type = map(object({
    phase                    = string
    shares_idempotency_store = optional(bool, false)
    legacy = optional(object({
      base_url          = string
      load_balancer_arn = string
    }))
    cohorts = optional(map(object({
      merchants = set(string)
      weights = object({
        legacy = number
        new    = number
      })
    })), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for service in keys(var.services) : contains(["dashboard", "fraud", "payments"], service)])
    error_message = "Name services as their APIs: \"dashboard\", \"fraud\" or \"payments\"."
  }

  validation {
    condition     = alltrue([for plan in var.services : contains(local.phases, plan.phase)])
    error_message = "A phase is one of ${join(", ", local.phases)}."
  }

  validation {
    condition     = alltrue([for plan in var.services : (plan.phase == "decommissioned") == (plan.legacy == null)])
    error_message = "Give every service its `legacy` backend until it is \"decommissioned\", and leave it out from then on: what is gone has no address."
  }

  validation {
    condition     = alltrue([for plan in var.services : plan.legacy == null ? true : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", plan.legacy.base_url))])
    error_message = "A legacy backend is reached by https:// at a host name that its certificate has, without a path, for example \"https://legacy.services.dev.payments.example\"."
  }

  validation {
    condition     = alltrue([for plan in var.services : plan.legacy == null ? true : can(regex("^arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/net/", plan.legacy.load_balancer_arn))])
    error_message = "Give the ARN of the network load balancer before the legacy backend: API Gateway's VPC links lead to no other kind."
  }

  validation {
    condition = alltrue(flatten([
      for plan in var.services : [
        for cohort in plan.cohorts : cohort.weights.legacy >= 0 && cohort.weights.new >= 0 && cohort.weights.legacy + cohort.weights.new == 100 && floor(cohort.weights.new) == cohort.weights.new
      ]
    ]))
    error_message = "A cohort's weights are whole percentages of its merchants, and sum to 100: for example { legacy = 75, new = 25 }."
  }

  validation {
    condition     = alltrue(flatten([for plan in var.services : [for cohort in plan.cohorts : length(setsubtract(cohort.merchants, keys(var.merchants))) == 0]]))
    error_message = "Cohorts name merchants that there aren't: ${join(", ", setsubtract(flatten([for plan in var.services : [for cohort in plan.cohorts : tolist(cohort.merchants)]]), keys(var.merchants)))}."
  }

  validation {
    condition = alltrue([
      for plan in var.services : length(flatten([for cohort in plan.cohorts : tolist(cohort.merchants)])) == length(distinct(flatten([for cohort in plan.cohorts : tolist(cohort.merchants)])))
    ])
    error_message = "A merchant is in one cohort of a service: two would send it both ways."
  }

  validation {
    condition     = alltrue([for plan in var.services : plan.shares_idempotency_store || length([for cohort in plan.cohorts : true if cohort.weights.new % 100 != 0]) == 0])
    error_message = "Split a cohort by weights only where both sides share the idempotency store (`shares_idempotency_store`): with two, a repeated request may be charged on either side. Move whole cohorts instead, { legacy = 0, new = 100 }."
  }

  validation {
    condition = alltrue([
      for plan in var.services : anytrue([for cohort in plan.cohorts : cohort.weights.new == 100]) || alltrue([for cohort in plan.cohorts : cohort.weights.new == 0])
    ])
    error_message = "Move a whole cohort, { legacy = 0, new = 100 }, before splitting another by weights: who goes first is chosen by name."
  }

  validation {
    condition     = alltrue([for plan in var.services : length(plan.cohorts) == 0 || !contains(["new", "decommissioned"], plan.phase)])
    error_message = "In the phases \"new\" and \"decommissioned\" every merchant is on the new service: leave `cohorts` out."
  }
}
