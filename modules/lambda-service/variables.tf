variable "name" {
  description = "Name of the function, its role, log group, queue and alarms, for example `payments-dev-transaction-gateway`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,48}[a-z0-9]$", var.name))
    error_message = "Use 3 to 50 lower-case letters, digits and hyphens that start with a letter: role and alarm names are derived from it."
  }
}

variable "description" {
  description = "One sentence about what the function does, shown in the console."
  type        = string
  nullable    = false
}

variable "artifact" {
  description = "The released zip: its base64 SHA-256, and either `path` (a local file) or `s3` (bucket, key and object version)."
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

  validation {
    condition     = (var.artifact.path == null) != (var.artifact.s3 == null)
    error_message = "Give either `path` or `s3`, the one place that the artifact is read from."
  }

  validation {
    condition     = var.artifact.path == null ? true : fileexists(var.artifact.path)
    error_message = "There is no artifact at the given path. Build it with `make package`."
  }

  validation {
    condition     = !try(fileexists(var.artifact.path), false) ? true : filebase64sha256(var.artifact.path) == var.artifact.sha256_base64
    error_message = "The artifact isn't the released one: its SHA-256 differs from `sha256_base64`. Build both anew with `make package`."
  }
}

variable "handler" {
  description = "Function in the artifact that handles an event, as `package.module.function`."
  type        = string
  nullable    = false
}

variable "runtime" {
  description = "Lambda runtime. Only runtimes that AWS still patches are accepted."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = contains(["python3.12", "python3.13"], var.runtime)
    error_message = "Use a runtime that AWS patches and that provider 5.100 knows: \"python3.12\" or \"python3.13\"."
  }
}

variable "memory_mb" {
  description = "Memory in MB, 128 to 10240. CPU grows with it: 1769 MB are one vCPU."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "Lambda offers 128 to 10240 MB of memory; choose a number in that range."
  }
}

variable "timeout_seconds" {
  description = "Seconds after which an invocation is ended, 1 to 900. Behind API Gateway stay under 29."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "Lambda ends an invocation after 1 to 900 seconds; choose a number in that range."
  }
}

variable "environment" {
  description = "Environment variables, encrypted under the key. Secrets are passed by ARN and read at run time."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for name, value in var.environment :
      startswith(value, "arn:") if can(regex("(?i)(SECRET|PASSWORD|PASSWD|CREDENTIALS?|(API|PRIVATE|ACCESS|SIGNING)_?KEY|TOKEN)$", name))
    ])
    error_message = "A variable named like a secret (*_SECRET, *_PASSWORD, *_API_KEY, *_TOKEN, ...) must hold the ARN of a secret, not its value. Store the value in Secrets Manager and pass the ARN."
  }
}

variable "permissions" {
  description = "What the function may do beyond writing its logs, traces and dead letters: IAM statements by statement id. Only Allow, no wildcards."
  type = map(object({
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for id in keys(var.permissions) : can(regex("^[A-Za-z0-9]+$", id))])
    error_message = "A statement id has letters and digits only, for example \"ReadPayments\"."
  }

  validation {
    condition     = alltrue(flatten([for statement in var.permissions : [for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))]]))
    error_message = "Name every action in full, for example \"dynamodb:PutItem\": wildcards hide what the function may do."
  }

  validation {
    condition     = alltrue([for statement in var.permissions : !contains(statement.resources, "*")])
    error_message = "Name the resources of every statement: \"*\" gives the function the whole account."
  }
}

variable "asynchronous" {
  description = "For events (schedules, buckets): seconds that one may wait (60 to 21600) and retries after an error (0 to 2), then it goes to the dead-letter queue."
  type = object({
    maximum_event_age_seconds = optional(number, 3600)
    maximum_retries           = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition = (
      var.asynchronous.maximum_event_age_seconds >= 60 && var.asynchronous.maximum_event_age_seconds <= 21600 &&
      contains([0, 1, 2], var.asynchronous.maximum_retries)
    )
    error_message = "Lambda keeps an event for 60 to 21600 seconds and retries it 0, 1 or 2 times."
  }
}

variable "concurrency" {
  description = "Number of execution environments: `reserved` is the hard limit at one time, `provisioned` of them are kept warm on the alias."
  type = object({
    reserved    = number
    provisioned = optional(number, 0)
  })
  nullable = false

  validation {
    condition     = var.concurrency.reserved >= 1 && var.concurrency.provisioned >= 0 && var.concurrency.provisioned <= var.concurrency.reserved
    error_message = "Reserve at least 1 execution environment, and provision no more than are reserved."
  }
}

variable "canary" {
  description = "While a release is tried out: `weight` (from 0, under 1) of the calls go to the new version, the rest to `stable_version`. Null sends all to the new version."
  type = object({
    stable_version = string
    weight         = number
  })
  default = null

  validation {
    condition = var.canary == null ? true : (
      can(regex("^[1-9][0-9]*$", var.canary.stable_version)) && var.canary.weight >= 0 && var.canary.weight < 1
    )
    error_message = "Give `stable_version` as a published version number and a `weight` from 0 to under 1; set `canary = null` to send everything to the new version."
  }
}

variable "schedule" {
  description = "Run the function by itself: `expression` is rate(...) or cron(...), and an alarm sounds when no run began for `alarm_after_minutes`."
  type = object({
    expression          = string
    alarm_after_minutes = optional(number, 10)
  })
  default = null

  validation {
    condition     = var.schedule == null ? true : can(regex("^(rate|cron)\\(.+\\)$", var.schedule.expression))
    error_message = "Write the schedule as EventBridge does: \"rate(1 minute)\" or \"cron(0 3 * * ? *)\"."
  }
}

variable "logs" {
  description = "Days that the log group keeps events (90 days are PCI DSS's minimum at hand), and the lowest level that is logged."
  type = object({
    level          = optional(string, "INFO")
    retention_days = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.logs.retention_days)
    error_message = "Keep logs for one of 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: CloudWatch offers no others, and PCI DSS 10.5.1 wants three months at hand."
  }

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.logs.level)
    error_message = "The log level is TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  }
}

variable "vpc" {
  description = "Subnets and security groups to run in. Every AWS API that the code calls then needs a VPC endpoint. Null runs outside a VPC."
  type = object({
    security_group_ids = set(string)
    subnet_ids         = set(string)
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) >= 2 && length(var.vpc.security_group_ids) >= 1
    error_message = "Name at least two subnets, in different zones, and one security group."
  }
}

variable "kms_key" {
  description = "Key for environment variables, logs and dead letters; its policy must let CloudWatch Logs and EventBridge use it. Null makes one of the function's own."
  type = object({
    arn = string
  })
  default = null
}

variable "code_signing_config_arn" {
  description = "Code signing configuration that the artifact must satisfy. Null accepts unsigned code."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the function's role. Null sets no boundary."
  type        = string
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics that the alarms notify."
  type        = set(string)
  default     = []
  nullable    = false
}
