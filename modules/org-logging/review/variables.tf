variable "name" {
  description = "What is reviewed, for example `payments-dev`: the function is `<name>-log-review`, saved queries are `<name>/review/...`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,37}[a-z0-9]$", var.name))
    error_message = "Use 3 to 39 lower-case letters, digits and hyphens that start with a letter: the function's and the alarms' names are derived from it."
  }
}

variable "environment" {
  description = "Name of the environment in metrics, for example `dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.environment))
    error_message = "An environment's name has 2 to 31 lower-case letters, digits and hyphens and starts with a letter."
  }
}

variable "artifact" {
  description = "The released zip of `log_review`: its base64 SHA-256, and either `path` (a local file) or `s3` (bucket, key and object version)."
  type = object({
    path = optional(string)
    s3 = optional(object({
      bucket         = string
      key            = string
      object_version = string
    }))
    sha256_base64 = string
  })
  nullable = false
}

variable "log_groups" {
  description = "Names of the log groups to review, by kind. The queries that come with the module read `access`, `execution`, `findings` (reports of data protection), `flow`, `function`, `service`, `trail` and `waf`; a kind that isn't named isn't reviewed."
  type        = map(list(string))
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.log_groups), flatten(values(local.all_queries)[*].kinds))) > 0
    error_message = "No query reads any of these kinds of log groups: nothing would be reviewed. Name log groups of a kind that a query reads, such as \"access\" or \"trail\"."
  }

  validation {
    condition     = alltrue([for groups in var.log_groups : length(groups) > 0])
    error_message = "A kind without log groups isn't reviewed: name its log groups, or leave the kind out."
  }

  validation {
    condition     = length(flatten(values(var.log_groups))) <= 50
    error_message = "A query searches 50 log groups at most: call the module once more for others, under another name."
  }
}

variable "queries" {
  description = "Queries of your own, or in place of the module's, by name. `query` is Logs Insights text that ends with a `stats` that counts `as events` by what tells one finding from another; a row with more than `threshold` events (a number) is a finding. With `compared_days` (a number of days) it counts by `@log, bin(1h)`, and findings are the hours without lines that had some on all of these days but one."
  type = map(object({
    advice        = string
    compared_days = optional(number, 0)
    kinds         = set(string)
    query         = string
    requirement   = string
    severity      = string
    threshold     = optional(number, 0)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.queries) <= 10 && alltrue([for name in keys(var.queries) : can(regex("^[a-z][a-z0-9_]{1,39}$", name))])
    error_message = "Up to 10 queries of your own, named by 2 to 40 lower-case letters, digits and underscores: the function's environment has room for no more."
  }

  validation {
    condition     = alltrue([for query in var.queries : can(regex("\\|?\\s*stats\\s+count\\(\\*\\) as events by [^|]+$", query.query))])
    error_message = "A query ends with \"stats count(*) as events by ...\": a review tells who and how often, never what a line holds."
  }

  validation {
    condition     = alltrue([for query in var.queries : !can(regex("by [^|]*@message", query.query))])
    error_message = "A query doesn't group by @message: a review tells who and how often, never what a line holds."
  }

  validation {
    condition     = alltrue([for query in var.queries : contains(["high", "medium", "low"], query.severity)])
    error_message = "A severity is \"high\" (somebody must act now), \"medium\" or \"low\"."
  }

  validation {
    condition     = alltrue([for query in var.queries : can(regex("^([1-9]|1[0-2])(\\.[1-9][0-9]?){2,3}$", query.requirement))])
    error_message = "A requirement is a number of PCI DSS, such as \"10.4.1.1\"."
  }

  validation {
    condition     = alltrue([for query in var.queries : query.threshold >= 0 && floor(query.threshold) == query.threshold])
    error_message = "A threshold is a whole number of events, 0 or more: more than that are a finding."
  }

  validation {
    condition = alltrue([
      for query in var.queries :
      query.compared_days == 0 || (query.compared_days >= 2 && query.compared_days <= 7 && endswith(query.query, "by @log, bin(1h)"))
    ])
    error_message = "Silence is found by comparing 2 to 7 days, in a query that counts \"by @log, bin(1h)\"; 0 compares nothing."
  }
}

variable "thresholds" {
  description = "Number of events over which a row is a finding, by the query's name, in place of the query's own."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, threshold in var.thresholds : contains(keys(local.all_queries), name) && threshold >= 0])
    error_message = "A threshold is 0 or more events, for one of the queries: ${join(", ", keys(local.all_queries))}."
  }
}

variable "skipped_queries" {
  description = "Names of queries that aren't run. Write down why: a review without them must still meet PCI DSS 10.4.1."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.skipped_queries : contains(keys(local.all_queries), name)])
    error_message = "Only these queries can be skipped: ${join(", ", keys(local.all_queries))}."
  }
}

variable "expected" {
  description = "What isn't worth a finding, or is worth one: `principals` is a regular expression of the sessions that call the APIs; `deploy_role` changes roles and keys, `break_glass_role` is for emergencies; `guarded_buckets` is a regular expression of the archive's buckets, in the account `archive_account_id`."
  type = object({
    archive_account_id = optional(string, "")
    break_glass_role   = optional(string, "payments-break-glass")
    deploy_role        = optional(string, "payments-deploy")
    guarded_buckets    = optional(string, "^payments-logs-")
    principals         = optional(string, "^arn:[a-z-]+:sts::[0-9]{12}:assumed-role/merchant-")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for pattern in [var.expected.guarded_buckets, var.expected.principals] : length(pattern) > 0 && can(regexall(pattern, ""))])
    error_message = "`principals` and `guarded_buckets` are regular expressions, such as \"^payments-logs-\"; slashes stand as they are."
  }

  validation {
    condition     = alltrue([for role in [var.expected.break_glass_role, var.expected.deploy_role] : can(regex("^[A-Za-z0-9+=,.@_-]+$", role))])
    error_message = "`deploy_role` and `break_glass_role` are names of roles, without path or account."
  }

  validation {
    condition     = can(regex("^([0-9]{12})?$", var.expected.archive_account_id))
    error_message = "An account's id has 12 digits."
  }
}

variable "schedule" {
  description = "When the review runs, as EventBridge writes it, in UTC, and the hours of the whole period before then that it looks at. PCI DSS 10.4.1 wants a review every day."
  type = object({
    expression   = optional(string, "cron(15 0 * * ? *)")
    period_hours = optional(number, 24)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.schedule.expression))
    error_message = "Write the schedule as EventBridge does: \"cron(15 0 * * ? *)\" is a quarter past midnight, in UTC."
  }

  validation {
    condition     = contains([1, 2, 3, 4, 6, 8, 12, 24], var.schedule.period_hours)
    error_message = "A period is 1, 2, 3, 4, 6, 8, 12 or 24 hours: periods fill a day, and PCI DSS 10.4.1 wants a review of each."
  }
}

variable "timeout_seconds" {
  description = "Seconds that a review may take in all, 60 to 900; queries that haven't ended by then make it incomplete."
  type        = number
  default     = 600
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 60 && var.timeout_seconds <= 900
    error_message = "Give a review 60 to 900 seconds: a query over much may take minutes."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that are notified of findings of high severity, and of a review that didn't complete."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.alarm_topic_arns) > 0
    error_message = "Name a topic: PCI DSS 10.4.3 wants findings addressed, so somebody must hear of them."
  }
}

variable "ticket_topic_arns" {
  description = "SNS topics that are notified of other findings. Null: the same."
  type        = set(string)
  default     = null
}

variable "kms_key" {
  description = "Key for the function's environment, logs and dead letters; its policy must let CloudWatch Logs and EventBridge use it. Null makes one of the function's own."
  type = object({
    arn = string
  })
  default = null
}

variable "logs" {
  description = "Days that the review's own log, with its findings, is kept in the account."
  type = object({
    retention_days = optional(number, 365)
  })
  default  = {}
  nullable = false
}

variable "code_signing_config_arn" {
  description = "Code signing configuration that the artifact must satisfy. Null accepts unsigned code."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the function's role: it must allow to describe, start, read and stop queries. Null sets no boundary."
  type        = string
  default     = null
}
