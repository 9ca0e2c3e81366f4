variable "name" {
  description = "Name of the API, its plans, keys, logs and alarms, for example `payments-dev-payments-v1`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}[a-z0-9]$", var.name))
    error_message = "Use 3 to 64 lower-case letters, digits and hyphens that start with a letter, for example \"payments-dev-payments-v1\"."
  }
}

variable "openapi" {
  description = "The contract: a plain OpenAPI 3.0 document, YAML or JSON. Security, integrations, validators and gateway responses are added here."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(try(yamldecode(var.openapi).openapi, ""), "3.0.") && can(keys(yamldecode(var.openapi).paths))
    error_message = "Pass the content of an OpenAPI 3.0 document with paths, for example file(\"openapi/v1.yaml\"). API Gateway imports no 3.1."
  }

  validation {
    condition = alltrue([
      for ids in [flatten([
        for path in values(try(yamldecode(var.openapi).paths, {})) : [
          for method, operation in path : try(operation.operationId, "")
          if contains(["delete", "get", "head", "options", "patch", "post", "put"], method)
        ]
      ])] : length(distinct(compact(ids))) == length(ids)
    ])
    error_message = "Give every operation of the contract an `operationId` of its own: integrations and logs refer to it."
  }

  validation {
    condition     = !strcontains(var.openapi, "x-amazon-apigateway-")
    error_message = "Leave `x-amazon-apigateway-*` out of the contract: this module adds them, and the contract stays readable for everyone."
  }
}

variable "integrations" {
  description = "Where operations go. `default` is the `alias` output of a lambda-service module, `private` the HTTPS address of a service behind a VPC link: give one of them. `by_operation` (by operationId) names functions for single operations. `legacy` (by merchant id) is the private backend that still serves a merchant, all but what is in `by_operation`. `timeout_ms` in milliseconds."
  type = object({
    default = optional(object({
      function_name = string
      invoke_arn    = string
      name          = string
    }))
    private = optional(object({
      base_url    = string
      vpc_link_id = string
    }))
    by_operation = optional(map(object({
      function_name = string
      invoke_arn    = string
      name          = string
    })), {})
    legacy = optional(map(object({
      base_url    = string
      vpc_link_id = string
    })), {})
    timeout_ms = optional(number, 15000)
  })
  nullable = false

  validation {
    condition     = (var.integrations.default == null) != (var.integrations.private == null)
    error_message = "Say where operations go: either `default`, a function's alias, or `private`, a service behind a VPC link."
  }

  validation {
    condition     = var.integrations.private == null ? true : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", var.integrations.private.base_url))
    error_message = "A private service is reached by https:// at a host name that its certificate has, without a path, for example \"https://fraud.internal.example.com\"."
  }

  validation {
    condition     = alltrue([for backend in var.integrations.legacy : can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", backend.base_url))])
    error_message = "A legacy backend is reached by https:// at a host name that its certificate has, without a path, for example \"https://legacy.internal.example.com\"."
  }

  validation {
    condition     = alltrue([for merchant in keys(var.integrations.legacy) : can(regex("^[A-Za-z0-9_-]+$", merchant))])
    error_message = "Merchants in `integrations.legacy` become a part of paths: use letters, digits, `_` and `-`."
  }

  validation {
    condition     = var.integrations.timeout_ms >= 50 && var.integrations.timeout_ms <= 29000
    error_message = "An integration answers within 50 to 29000 ms; API Gateway ends it after that."
  }

  validation {
    condition     = alltrue([for id in keys(var.integrations.by_operation) : contains(local.operation_ids, id)])
    error_message = "`integrations.by_operation` names an operationId that the contract doesn't have. It has: ${join(", ", local.operation_ids)}."
  }
}

variable "capacity" {
  description = "What the service behind was tested for: requests a second, and requests that may arrive at one instant. Of both, `held_percent` is kept for the operations in `held_for` (by operationId; none: nothing is held). Drives throttles and alarms, and bounds the clients' plans."
  type = object({
    burst                   = number
    held_for                = optional(set(string), [])
    held_percent            = optional(number, 20)
    transactions_per_second = number
  })
  nullable = false

  validation {
    condition     = var.capacity.transactions_per_second > 0 && var.capacity.burst > 0
    error_message = "Both capacities must be over 0: without a throttle one caller can use up the whole account's."
  }

  validation {
    condition     = var.capacity.held_percent > 0 && var.capacity.held_percent <= 90
    error_message = "Hold over 0 and at most 90 percent; to hold nothing, leave `capacity.held_for` out."
  }

  validation {
    condition     = length(setsubtract(var.capacity.held_for, local.operation_ids)) == 0
    error_message = "`capacity.held_for` names operations that the contract doesn't have: ${join(", ", setsubtract(var.capacity.held_for, local.operation_ids))}. It has: ${join(", ", local.operation_ids)}."
  }
}

variable "clients" {
  description = "Callers by name: requests a second, burst, and requests a day (null: no quota) of their usage plan, and of single operations (by operationId) requests a second and burst. Each gets an API key, for metering only, unless it has one of another API in `api_key`."
  type = map(object({
    api_key     = optional(object({ id = string }))
    burst       = number
    daily_quota = optional(number)
    operations = optional(map(object({
      burst           = number
      rate_per_second = number
    })), {})
    rate_per_second = number
  }))
  nullable = false

  validation {
    condition = alltrue([
      for client in var.clients : client.rate_per_second > 0 && client.burst > 0 && (client.daily_quota == null ? true : client.daily_quota > 0)
    ])
    error_message = "Every client needs a rate, a burst and, if any, a daily quota over 0."
  }

  validation {
    condition     = sum(concat([0], [for client in var.clients : client.rate_per_second])) <= var.capacity.transactions_per_second
    error_message = "The clients' plans promise ${sum(concat([0], [for client in var.clients : client.rate_per_second]))} requests a second, the service holds ${var.capacity.transactions_per_second}. Raise `capacity.transactions_per_second` or lower the clients' `rate_per_second`."
  }

  validation {
    condition     = sum(concat([0], [for client in var.clients : client.burst])) <= var.capacity.burst
    error_message = "The clients' plans promise bursts of ${sum(concat([0], [for client in var.clients : client.burst]))} requests, the service holds ${var.capacity.burst}. Raise `capacity.burst` or lower the clients' `burst`."
  }

  validation {
    condition     = length(distinct([for client in var.clients : client.api_key.id if client.api_key != null])) == length([for client in var.clients : true if client.api_key != null])
    error_message = "Two of the clients have the same API key. API Gateway takes a key in one plan of a stage only, since it couldn't tell which plan to charge: make them one client, or leave one's `api_key` out."
  }

  validation {
    condition     = alltrue([for client in var.clients : length(setsubtract(keys(client.operations), local.operation_ids)) == 0])
    error_message = "A client limits operations that the contract doesn't have: ${join(", ", setsubtract(flatten([for client in var.clients : keys(client.operations)]), local.operation_ids))}. It has: ${join(", ", local.operation_ids)}."
  }

  validation {
    condition     = alltrue(flatten([for client in var.clients : [for limit in client.operations : limit.rate_per_second > 0 && limit.burst > 0]]))
    error_message = "A client's limits of single operations are over 0 requests a second and at one instant."
  }
}

variable "kms_key" {
  description = "Key of the log groups; its policy must let CloudWatch Logs use it for `/aws/apigateway/*` and `API-Gateway-Execution-Logs_*`."
  type = object({
    arn = string
  })
  nullable = false
}

variable "web_acl" {
  description = "The `web_acl` output of a waf module, which the stage is put behind: an API without one can't be made."
  type = object({
    arn = string
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/", var.web_acl.arn))
    error_message = "Give the ARN of a regional web ACL of WAFv2, the `web_acl` output of modules/waf: one of CloudFront can't stand before a stage."
  }
}

variable "stage_name" {
  description = "Name of the stage, the first part of every path unless a custom domain maps it."
  type        = string
  default     = "live"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,31}$", var.stage_name))
    error_message = "Use 1 to 32 lower-case letters, digits and underscores that start with a letter, for example \"live\"."
  }
}

variable "allowed_account_ids" {
  description = "AWS accounts, besides this one, whose principals may call. Theirs must be allowed by IAM too."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.allowed_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "An AWS account id has 12 digits."
  }
}

variable "tls" {
  description = "TLS policy of the API, and whether the host name must match the TLS server name: start with `BASIC`, then change to `STRICT`. Changes take AWS about 15 minutes."
  type = object({
    endpoint_access_mode = optional(string, "BASIC")
    security_policy      = optional(string, "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09")
  })
  default  = {}
  nullable = false

  validation {
    condition     = startswith(var.tls.security_policy, "SecurityPolicy_TLS13_") && contains(["BASIC", "STRICT"], var.tls.endpoint_access_mode)
    error_message = "Use a policy of TLS 1.2 or better, for example \"SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09\", with the access mode \"BASIC\" or \"STRICT\". AWS can't move an API from its default TLS_1_0 to TLS_1_2."
  }
}

variable "disable_execute_api_endpoint" {
  description = "Answer only under a custom domain. Leave it off until the domain exists."
  type        = bool
  default     = false
  nullable    = false
}

variable "logs" {
  description = "Days that the log groups keep events (90 days are PCI DSS's minimum at hand), and the level of the execution log."
  type = object({
    execution_level = optional(string, "INFO")
    retention_days  = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.logs.retention_days)
    error_message = "Keep logs for one of 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: CloudWatch offers no others, and PCI DSS 10.5.1 wants three months at hand."
  }

  validation {
    condition     = contains(["ERROR", "INFO"], var.logs.execution_level)
    error_message = "The execution log's level is \"ERROR\" or \"INFO\"; it can't be off."
  }
}

variable "alarm_thresholds" {
  description = "When alarms sound: client and server errors in percent of the requests of five minutes, throttled ones in percent of a minute's (three of five), and latency in milliseconds that 1 % of them exceed."
  type = object({
    client_error_percent = optional(number, 20)
    latency_p99_ms       = optional(number, 3000)
    server_error_percent = optional(number, 1)
    throttled_percent    = optional(number, 5)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for threshold in values(var.alarm_thresholds) : threshold > 0])
    error_message = "Alarm thresholds are over 0: percent of the requests, and milliseconds."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that the alarms notify."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "version_lifecycle" {
  description = "When this version of the API counts as deprecated and when it ends, in RFC 3339 and UTC, and the address of the version after it, from the domain's root or with https://. Every answer says so. One that is `gone` answers every call with 410."
  type = object({
    deprecated_on = string
    gone          = optional(bool, false)
    sunset_on     = optional(string)
    successor     = optional(string)
  })
  default = null

  validation {
    condition = var.version_lifecycle == null ? true : alltrue([
      for time in compact([var.version_lifecycle.deprecated_on, var.version_lifecycle.sunset_on]) :
      can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", time)) && can(timeadd(time, "0s"))
    ])
    error_message = "Give times in RFC 3339, in UTC and to the second, for example \"2027-01-31T00:00:00Z\"."
  }

  validation {
    condition     = try(var.version_lifecycle.sunset_on, null) == null ? true : try(timecmp(var.version_lifecycle.sunset_on, var.version_lifecycle.deprecated_on) > 0, true)
    error_message = "A version ends after it was deprecated: callers need the time between `deprecated_on` and `sunset_on` to move."
  }

  validation {
    condition     = try(var.version_lifecycle.successor, null) == null ? true : can(regex("^(https:/)?/[A-Za-z0-9._~][A-Za-z0-9._~:/?#&=,-]*$", var.version_lifecycle.successor))
    error_message = "Give the address of the version after this one, for example \"/v2/payments\" or \"https://api.payments.example/v2/payments\", in letters, digits and ._~:/?#&=,- alone: stage variables hold no others."
  }

  validation {
    condition     = try(var.version_lifecycle.gone, false) ? var.version_lifecycle.sunset_on != null : true
    error_message = "A version that is gone has the day on which it ended, `sunset_on`."
  }
}
