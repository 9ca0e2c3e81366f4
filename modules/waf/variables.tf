variable "name" {
  description = "Name of the web ACL, its sets, alarms and metrics, for example `payments-dev`. Its log group is `aws-waf-logs-<name>`, as AWS WAF wants it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,46}[a-z0-9]$", var.name))
    error_message = "Use 3 to 48 lower-case letters, digits and hyphens that start with a letter, for example \"payments-dev\": the log group's name is derived from it, and AWS WAF logs to \"aws-waf-logs-\" and such a name alone."
  }
}

variable "addresses" {
  description = "Networks in CIDR notation, IPv4 and IPv6. Those in `deny` are refused. Those in `allow` pass the rules about senders (countries, reputation, rates), never those about what is sent."
  type = object({
    allow = optional(set(string), [])
    deny  = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for address in setunion(var.addresses.allow, var.addresses.deny) :
      try(cidrsubnet(address, 0, 0) == address && !endswith(address, "/0"), false)
    ])
    error_message = "Write networks as AWS keeps them, in CIDR notation with a prefix of 1 or longer and no bits set behind it, for example \"198.51.100.0/24\" or \"2001:db8::/32\"; \"/0\" would be everybody."
  }

  validation {
    condition     = length(setintersection(var.addresses.allow, var.addresses.deny)) == 0
    error_message = "A network is either allowed or denied; take ${join(", ", setintersection(var.addresses.allow, var.addresses.deny))} out of one of the lists."
  }
}

variable "countries" {
  description = "Where requests may come from, by ISO 3166-1 alpha-2 codes: `only` from these, or from everywhere but `never`. Neither: from everywhere."
  type = object({
    never = optional(set(string), [])
    only  = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for code in setunion(var.countries.never, var.countries.only) : can(regex("^[A-Z]{2}$", code))])
    error_message = "A country is two capital letters, for example \"NL\"."
  }

  validation {
    condition     = length(var.countries.never) == 0 || length(var.countries.only) == 0
    error_message = "Give either `only` or `never`: a country that isn't among `only` is refused anyway."
  }
}

variable "body_limit_bytes" {
  description = "Bytes that a request's body may have, 1 to 16384. Larger bodies are refused unread."
  type        = number
  default     = 8192
  nullable    = false

  validation {
    condition     = var.body_limit_bytes >= 1 && var.body_limit_bytes <= 16384 && floor(var.body_limit_bytes) == var.body_limit_bytes
    error_message = "The limit is 1 to 16384 bytes: API Gateway shows AWS WAF no more of a body than that, and what isn't inspected isn't let in."
  }
}

variable "rate_limits" {
  description = "Requests that may arrive within `window_seconds` (60, 120, 300 or 600) from one address, with one API key in the header x-api-key, and, where a proxy stands before the APIs, from one address in the header that it sets (null: none does)."
  type = object({
    by_address = optional(number, 6000)
    by_api_key = optional(number, 6000)
    by_forwarded_address = optional(object({
      header   = optional(string, "X-Forwarded-For")
      requests = number
    }))
    window_seconds = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([60, 120, 300, 600], var.rate_limits.window_seconds)
    error_message = "AWS WAF counts requests over 60, 120, 300 or 600 seconds."
  }

  validation {
    condition = alltrue([
      for requests in concat([var.rate_limits.by_address, var.rate_limits.by_api_key], var.rate_limits.by_forwarded_address[*].requests) :
      requests >= 10 && requests <= 2000000000 && floor(requests) == requests
    ])
    error_message = "A rate limit is a whole number of 10 to 2000000000 requests."
  }
}

variable "signatures" {
  description = "Rules of our own beside the managed groups, over query, path and JSON body: `sql-injection` (100 units of capacity), `cross-site-scripting` (180)."
  type        = set(string)
  default     = ["sql-injection"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.signatures, ["cross-site-scripting", "sql-injection"])) == 0
    error_message = "The signatures are \"sql-injection\" and \"cross-site-scripting\"."
  }
}

variable "managed_rule_groups" {
  description = "Managed rule groups by a short name; their rules are `managed-<name>`. `version` is pinned, but for the lists of addresses, which have none; `capacity` is what the vendor states. `rules_counted_until` takes single rules to count, each until a date (RFC 3339)."
  type = map(object({
    capacity            = number
    name                = string
    rules_counted_until = optional(map(string), {})
    vendor              = optional(string, "AWS")
    version             = optional(string)
  }))
  default = {
    common           = { name = "AWSManagedRulesCommonRuleSet", version = "Version_1.20", capacity = 700 }
    ip-reputation    = { name = "AWSManagedRulesAmazonIpReputationList", capacity = 25 }
    known-bad-inputs = { name = "AWSManagedRulesKnownBadInputsRuleSet", version = "Version_1.25", capacity = 200 }
    linux            = { name = "AWSManagedRulesLinuxRuleSet", version = "Version_2.6", capacity = 200 }
    sql-database     = { name = "AWSManagedRulesSQLiRuleSet", version = "Version_2.3", capacity = 200 }
  }
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.managed_rule_groups) : can(regex("^[a-z][a-z0-9-]{1,39}$", key))])
    error_message = "A managed group's short name has 2 to 40 lower-case letters, digits and hyphens and starts with a letter: its rule and metric are `managed-<name>`."
  }

  validation {
    condition = alltrue([
      for group in var.managed_rule_groups : contains(local.groups_about_senders, group.name) == (group.version == null)
    ])
    error_message = "Pin the version of every managed group, for example \"Version_1.20\" (an unset one changes when the vendor likes); only ${join(" and ", local.groups_about_senders)} have none."
  }

  validation {
    condition = length(setsubtract(
      ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesLinuxRuleSet", "AWSManagedRulesSQLiRuleSet"],
      values(var.managed_rule_groups)[*].name
    )) == 0
    error_message = "The baseline stays: AWS's groups Common, KnownBadInputs, SQLi, AmazonIpReputationList and Linux. Let one that refuses too much count for a while (`count_until`) instead."
  }

  validation {
    condition = alltrue([
      for until in flatten([for group in var.managed_rule_groups : values(group.rules_counted_until)]) :
      try(timecmp(plantimestamp(), until) < 0 && timecmp(until, timeadd(plantimestamp(), "2160h")) <= 0, false)
    ])
    error_message = "`rules_counted_until` has dates to come, at most 90 days ahead and as RFC 3339 writes them, for example \"2030-01-31T00:00:00Z\". Where one has passed, let the rule block again: take it out."
  }
}

variable "count_until" {
  description = "Rules that count instead of blocking, by name, each until a date (RFC 3339) at most 90 days ahead. After it nothing can be planned until the rule blocks again."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.count_until), setsubtract(local.rule_names, ["allow-addresses"]))) == 0
    error_message = "`count_until` names a rule that isn't there. There are: ${join(", ", setsubtract(local.rule_names, ["allow-addresses"]))}."
  }

  validation {
    condition = alltrue([
      for until in values(var.count_until) :
      try(timecmp(plantimestamp(), until) < 0 && timecmp(until, timeadd(plantimestamp(), "2160h")) <= 0, false)
    ])
    error_message = "`count_until` has dates to come, at most 90 days ahead and as RFC 3339 writes them, for example \"2030-01-31T00:00:00Z\". Where one has passed, let the rule block again: take it out."
  }
}

variable "maximum_capacity" {
  description = "Web ACL capacity units (WCU) that the rules may use together, at most 5000. Each 500 above 1500 cost extra on every request."
  type        = number
  default     = 1500
  nullable    = false

  validation {
    condition     = var.maximum_capacity >= 1 && var.maximum_capacity <= 5000
    error_message = "A web ACL has at most 5000 units of capacity."
  }

  validation {
    condition     = local.capacity <= var.maximum_capacity
    error_message = "The rules need ${local.capacity} units of capacity, `maximum_capacity` is ${var.maximum_capacity}: ${join(", ", [for name, units in local.capacity_by_rule : "${name} ${units}"])}. Take rules out, or raise it and pay for more than 1500."
  }
}

variable "logs" {
  description = "Days that the log group keeps events (90 days are PCI DSS's minimum at hand)."
  type = object({
    retention_days = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.logs.retention_days)
    error_message = "Keep logs for one of 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: CloudWatch offers no others, and PCI DSS 10.5.1 wants three months at hand."
  }
}

variable "key_deletion_window_days" {
  description = "Days between scheduling the log group's key for deletion and losing what it encrypts, 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "AWS waits 7 to 30 days before it deletes a key."
  }
}

variable "alarm_blocked_requests" {
  description = "Blocked requests within five minutes above which the alarm sounds."
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = var.alarm_blocked_requests > 0
    error_message = "Sound the alarm from more than 0 blocked requests on: somebody always tries."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that the alarms notify."
  type        = set(string)
  default     = []
  nullable    = false
}
