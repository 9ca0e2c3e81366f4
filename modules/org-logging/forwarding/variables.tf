variable "name" {
  description = "Prefix of every name, for example `payments-dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "Use 3 to 40 lower-case letters, digits and hyphens that start with a letter, for example \"payments-dev\"."
  }
}

variable "destination_arn" {
  description = "Log destination of the archive, by its ARN: `arn:aws:logs:<region>:<archive's account>:destination:<name>`. It must be there when this is applied, and needn't be when it is destroyed."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:logs:[a-z0-9-]+:[0-9]{12}:destination:[^:]+$", var.destination_arn))
    error_message = "Give a log destination by its ARN: arn:aws:logs:<region>:<account>:destination:<name>."
  }
}

variable "excluded_log_group_names" {
  description = "Log groups that aren't sent: those that sending itself writes to. CloudWatch Logs takes whole names, no prefixes."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.excluded_log_group_names : can(regex("^[A-Za-z0-9._/#-]{1,512}$", name))])
    error_message = "Write whole names of log groups: there are no patterns, and each sent group that sending writes to would send its own sending, without an end."
  }

  validation {
    condition     = length(jsonencode(sort(var.excluded_log_group_names))) <= 24000
    error_message = "CloudWatch Logs takes 25 KB of excluded names: send fewer groups' logs through the excluded ones."
  }
}

variable "detected_identifiers" {
  description = "What is detected and masked in every log group of the account, by AWS's names of managed data identifiers."
  type        = set(string)
  default     = ["CreditCardNumber"]
  nullable    = false

  validation {
    condition     = contains(var.detected_identifiers, "CreditCardNumber")
    error_message = "PCI DSS 3.4.1 wants card numbers masked: keep \"CreditCardNumber\" among the identifiers."
  }
}

variable "findings_days" {
  description = "Days that findings of card numbers in logs are kept. One of the periods that CloudWatch Logs has."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.findings_days)
    error_message = "CloudWatch Logs keeps events for 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 or 1096 days, or for years."
  }
}

variable "silent_after_hours" {
  description = "Hours without any event sent after which an alarm sounds, 1 to 24."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.silent_after_hours >= 1 && var.silent_after_hours <= 24
    error_message = "Silence is noticed after 1 to 24 hours: CloudWatch looks back no further than a day."
  }
}

variable "key_deletion_window_days" {
  description = "Days before the key of the findings is gone, 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "KMS waits 7 to 30 days before it deletes a key; choose a number in that range."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the sending role; null for none."
  type        = string
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when logs aren't sent, or a card number was found in one."
  type        = set(string)
  default     = []
  nullable    = false
}
