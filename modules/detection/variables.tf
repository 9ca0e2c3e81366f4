variable "name" {
  description = "Prefix of every name, for example `payments`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "Use 3 to 30 lower-case letters, digits and hyphens that start with a letter, for example \"payments\"."
  }
}

variable "guardduty" {
  description = "GuardDuty for the whole organization, in the account that administers it: the id of that account's detector, and what is watched besides the foundational sources. Null leaves GuardDuty alone."
  type = object({
    detector_id = string
    features    = optional(set(string), ["LAMBDA_NETWORK_LOGS", "S3_DATA_EVENTS"])
  })
  default = null

  validation {
    condition     = var.guardduty == null ? true : can(regex("^[0-9a-f]{32}$", var.guardduty.detector_id))
    error_message = "A detector's id has 32 hexadecimal digits: look with `aws guardduty list-detectors` in the account that administers GuardDuty, or read it with data.aws_guardduty_detector."
  }

  validation {
    condition     = var.guardduty == null ? true : length(setsubtract(var.guardduty.features, ["EBS_MALWARE_PROTECTION", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "S3_DATA_EVENTS"])) == 0
    error_message = "GuardDuty can watch EBS_MALWARE_PROTECTION, LAMBDA_NETWORK_LOGS, RDS_LOGIN_EVENTS and S3_DATA_EVENTS besides."
  }
}

variable "least_severity" {
  description = "Severity from which a finding is told, a number of GuardDuty's scale: low begins at 1, medium at 4, high at 7, critical at 9."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.least_severity >= 1 && var.least_severity <= 9
    error_message = "Severities are told from 1 (all) to 9 (critical ones)."
  }
}

variable "recorder" {
  description = "AWS Config in this account: the bucket that the history goes to, which has no Object Lock, and its key. Null records nothing."
  type = object({
    bucket_name = string
    kms_key_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.recorder == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.recorder.bucket_name))
    error_message = "Give the name of the bucket that Config delivers to."
  }
}

variable "aggregates_organization" {
  description = "Gather what Config records in all accounts, in the account that administers `config.amazonaws.com`."
  type        = bool
  default     = false
  nullable    = false
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of findings."
  type        = set(string)
  default     = []
  nullable    = false
}
