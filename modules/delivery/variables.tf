variable "name" {
  description = "Name of the pipeline, and the beginning of all other names, for example `payments-delivery`. The roles that it enters accounts as trust it by this name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.name))
    error_message = "Use 3 to 30 lower-case letters, digits and hyphens that start with a letter, for example \"payments-delivery\"."
  }
}

variable "accounts" {
  description = "Ids of the accounts that a release is promoted through: `dev`, `qa`, `integration`, `production`."
  type = object({
    dev         = string
    qa          = string
    integration = string
    production  = string
  })
  nullable = false

  validation {
    condition     = alltrue([for id in values(var.accounts) : can(regex("^[0-9]{12}$", id))])
    error_message = "An account id has 12 digits."
  }

  validation {
    condition     = length(distinct(values(var.accounts))) == 4
    error_message = "Each environment has an account of its own: what is deployed to one must not reach another."
  }

  validation {
    condition     = !contains(values(var.accounts), data.aws_caller_identity.current.account_id)
    error_message = "The pipeline runs in an account of its own: who may change the pipeline must not be in an account that it deploys to."
  }
}

variable "source_code" {
  description = "What is released: `repository` as owner/name, the `branch` whose commits start the pipeline, files that do (`included_paths`) or don't (`excluded_paths`) start it, and the connection to it: an ARN, or null to make one, with a host of `provider_type`."
  type = object({
    repository     = string
    branch         = optional(string, "main")
    connection_arn = optional(string)
    provider_type  = optional(string, "GitHub")
    included_paths = optional(list(string), [])
    excluded_paths = optional(list(string), ["docs/**"])
  })
  nullable = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$", var.source_code.repository))
    error_message = "Name the repository with its owner, for example \"example/payment-api-platform\"."
  }

  validation {
    condition     = contains(["Bitbucket", "GitHub", "GitLab"], var.source_code.provider_type)
    error_message = "Use \"Bitbucket\", \"GitHub\" or \"GitLab\"; give the connection_arn of a host of your own."
  }

  validation {
    condition     = can(regex("^arn:[a-z-]+:(codeconnections|codestar-connections):", coalesce(var.source_code.connection_arn, "arn:aws:codeconnections:")))
    error_message = "Give the connection by its ARN; it has the service codeconnections or codestar-connections."
  }

  validation {
    condition     = length(var.source_code.included_paths) <= 8 && length(var.source_code.excluded_paths) <= 8
    error_message = "CodePipeline takes up to 8 patterns of files to include, and 8 to exclude."
  }
}

variable "production_gate" {
  description = "When production may change: the `window` as a cron expression of six fields in `time_zone`, and up to four alarms of production that must be quiet. CodePipeline asks for their state as `alarm_role_arn`, or in its own account if that is null."
  type = object({
    window         = string
    time_zone      = optional(string, "UTC")
    alarm_names    = list(string)
    alarm_role_arn = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^\\* [0-9*,/-]+ [0-9*,/-]+ [0-9LW?*,/-]+ [0-9A-Z*,/-]+ [0-9A-Z#L?*,/-]+$", var.production_gate.window))
    error_message = "Write the window as CodePipeline does: `*` for seconds, minutes, hours, day of the month, month, day of the week, for example \"* * 8-15 ? * MON-THU\"."
  }

  validation {
    condition     = length(var.production_gate.alarm_names) > 0
    error_message = "Name an alarm of production, or nothing keeps a release from a platform that is failing."
  }

  validation {
    condition     = length(var.production_gate.alarm_names) <= 4
    error_message = "A stage takes five rules, and the window is one of them: name up to four alarms, or a composite one."
  }
}

variable "approval_minutes" {
  description = "Minutes that an approval is waited for: the four hours that a plan may be applied, less what prod-deploy may take, since an approval of an older one is of no use."
  type        = number
  default     = 220
  nullable    = false

  validation {
    condition     = var.approval_minutes >= 5 && floor(var.approval_minutes) == var.approval_minutes
    error_message = "Wait whole minutes, 5 or more: CodePipeline waits no less."
  }

  validation {
    condition     = var.approval_minutes + var.time_budget.minutes["prod-deploy"] <= 240
    error_message = "The wait and prod-deploy's minutes may be 240 together: a plan lives four hours."
  }
}

variable "shift" {
  description = "How traffic goes over to a release in production: shares of it in percent, minutes at each, and minutes that all of it is watched at the end."
  type = object({
    weights_percent = optional(list(number), [5, 25, 50, 100])
    step_minutes    = optional(number, 5)
    bake_minutes    = optional(number, 15)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for index, weight in var.shift.weights_percent :
      weight > (index == 0 ? 0 : var.shift.weights_percent[index - 1]) && weight <= 100
    ]) && try(var.shift.weights_percent[length(var.shift.weights_percent) - 1], 0) == 100
    error_message = "Give shares that grow, up to 100 percent, for example [5, 25, 50, 100]."
  }

  validation {
    condition     = length(var.shift.weights_percent) < 2 || try(var.shift.weights_percent[0], 100) <= 20
    error_message = "Begin with 20 percent or less: the first share is the one that a bad release harms."
  }

  validation {
    condition     = var.shift.step_minutes >= 1 && var.shift.bake_minutes >= 1
    error_message = "Stay a minute at least at each share, and at the end: an alarm needs one to sound."
  }
}

variable "time_budget" {
  description = "Minutes that each project may take, which are its timeout, and that all stages of the pipeline may take together, without waiting for people."
  type = object({
    total_minutes = optional(number, 240)
    minutes = optional(object({
      verify       = optional(number, 30)
      build        = optional(number, 15)
      dev          = optional(number, 20)
      qa           = optional(number, 20)
      integration  = optional(number, 30)
      prod-plan    = optional(number, 10)
      prod-approve = optional(number, 5)
      prod-deploy  = optional(number, 20)
      prod-shift   = optional(number, 50)
      record       = optional(number, 5)
      drift        = optional(number, 30)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for minutes in values(var.time_budget.minutes) : minutes >= 5 && minutes <= 60 && floor(minutes) == minutes])
    error_message = "Give each project 5 to 60 minutes: CodeBuild takes no less, and a role that is entered from a role ends after an hour."
  }

  validation {
    condition     = sum([for project, minutes in var.time_budget.minutes : minutes if project != "drift"]) <= var.time_budget.total_minutes
    error_message = "The projects may take longer than total_minutes together: give them less, or the release more."
  }

  validation {
    condition     = length(var.shift.weights_percent) * var.shift.step_minutes + var.shift.bake_minutes + 5 <= var.time_budget.minutes["prod-shift"]
    error_message = "The shift's steps and its bake, with 5 minutes to begin and to go back, take longer than prod-shift may: shorten them, or give it more."
  }
}

variable "drift_schedule" {
  description = "When all accounts are compared with what was applied: a schedule expression of EventBridge, in UTC."
  type        = string
  default     = "cron(30 4 * * ? *)"
  nullable    = false

  validation {
    condition     = can(regex("^(cron|rate)\\(.+\\)$", var.drift_schedule))
    error_message = "Write a schedule as EventBridge does, for example \"cron(30 4 * * ? *)\" or \"rate(12 hours)\"."
  }
}

variable "artifacts" {
  description = "How long the store keeps: days that nothing in it can be deleted (0 for no lock), by `lock_mode`, and days after which releases and records are; plans, which hold secrets, go when the lock ends."
  type = object({
    lock_days = optional(number, 7)
    lock_mode = optional(string, "GOVERNANCE")
    keep_days = optional(number, 400)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(range(31), var.artifacts.lock_days)
    error_message = "Lock for 0 to 30 days: plans are among what is locked, and hold secrets."
  }

  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.artifacts.lock_mode)
    error_message = "Use \"GOVERNANCE\", which some may lift, or \"COMPLIANCE\", which nobody can."
  }

  validation {
    condition     = var.artifacts.keep_days >= 365
    error_message = "Keep records of what was released for 365 days or longer (PCI DSS 10.5.1)."
  }
}

variable "build_environment" {
  description = "What builds run in: an image of CodeBuild for arm64, or one by its digest, and its `compute_type`."
  type = object({
    image        = optional(string, "aws/codebuild/amazonlinux-aarch64-standard:3.0")
    compute_type = optional(string, "BUILD_GENERAL1_SMALL")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^aws/codebuild/.*aarch64.*:[0-9.]+$", var.build_environment.image)) || can(regex("@sha256:[0-9a-f]{64}$", var.build_environment.image))
    error_message = "Use an arm64 image of CodeBuild with its version, or another by its digest (...@sha256:...): a tag may be pushed anew."
  }
}

variable "network" {
  description = "Where builds run: subnets of a VPC with a way to AWS, the repository's host and the package registries. Null runs them in CodeBuild's own."
  type = object({
    vpc_id             = string
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) > 0 && length(var.network.security_group_ids) > 0
    error_message = "Name a subnet and a security group at least."
  }
}

variable "subscriber_emails" {
  description = "Who is told of stages that failed, of approvals that are waited for, and of drift. Each confirms the e-mail that SNS sends."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.subscriber_emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", address))])
    error_message = "Give e-mail addresses."
  }
}

variable "log_retention_days" {
  description = "Days that the builds' logs are kept in CloudWatch Logs. One of the periods that it has."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "Keep logs for 90, 120, 150, 180, 365, 400, 545 or 731 days: three months are to be at hand (PCI DSS 10.5.1)."
  }
}

variable "key_deletion_window_days" {
  description = "Days that KMS waits before it deletes a key."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "KMS waits 7 to 30 days."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role of the pipeline; null for none."
  type        = string
  default     = null
}
