variable "name" {
  description = "Prefix of every name, for example `payments`: buckets are `<name>-logs-<bucket>-<account>`, destinations `<name>-logs-<bucket>`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "Use 3 to 20 lower-case letters, digits and hyphens that start with a letter, for example \"payments\": S3 allows a bucket's name 63."
  }
}

variable "organization_id" {
  description = "Id of the organization, such as `o-a1b2c3d4e5`. Only its accounts may send logs here, and services only for them."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "An organization's id begins with \"o-\", then come 10 to 32 lower-case letters or digits."
  }
}

variable "administrator_role_arns" {
  description = "ARNs of the roles that may change the configuration of the locked buckets: the one that applies this module. `*` stands for any characters."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.administrator_role_arns) > 0 && alltrue([for arn in var.administrator_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", arn))])
    error_message = "Name at least one role by its ARN, with its account: without one nobody but the account's root user could change a bucket's policy again."
  }
}

variable "buckets" {
  description = "Buckets by name, for example `production`. Days: how long each object is locked, how long it is kept (as long as it is locked by default), when it moves to colder storage (never by default). Hours: how long nothing may arrive before an alarm sounds (no such alarm by default). `sender_account_ids` are the accounts whose logs go there."
  type = map(object({
    lock_mode          = string
    lock_days          = number
    acknowledgement    = optional(string, "")
    keep_days          = optional(number)
    cold_after_days    = optional(number)
    sender_account_ids = set(string)
    silent_after_hours = optional(number)
  }))
  nullable = false

  validation {
    condition     = length(var.buckets) > 0 && alltrue([for name in keys(var.buckets) : can(regex("^[a-z][a-z0-9-]{1,19}$", name))])
    error_message = "Name at least one bucket, in 2 to 20 lower-case letters, digits and hyphens, for example \"production\"."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : contains(["COMPLIANCE", "GOVERNANCE"], bucket.lock_mode)])
    error_message = "A bucket is locked in \"COMPLIANCE\", which nobody can lift, or in \"GOVERNANCE\", which a role with s3:BypassGovernanceRetention can."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.lock_days >= 1 && bucket.lock_days <= 3653 && floor(bucket.lock_days) == bucket.lock_days])
    error_message = "An object is locked for 1 to 3,653 whole days."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.lock_mode != "COMPLIANCE" || bucket.lock_days >= 365])
    error_message = "PCI DSS 10.5.1 wants logs kept for twelve months: lock in COMPLIANCE for at least 365 days, or try shorter locks in GOVERNANCE."
  }

  # The date is known when planning only, and is part of no resource: it would differ at every plan.
  validation {
    condition = alltrue([
      for bucket in var.buckets : bucket.lock_mode != "COMPLIANCE" || bucket.acknowledgement == "nobody can delete a log for ${bucket.lock_days} days"
    ])
    error_message = "COMPLIANCE can't be undone: no role, no root user and not AWS deletes an object or shortens its lock, and the bucket stays, and is paid for, as long as there is one. ${join(" ", [
      for name, bucket in var.buckets :
      "What is written to \"${name}\" today can be deleted on ${formatdate("YYYY-MM-DD", timeadd(plantimestamp(), "${bucket.lock_days * 24}h"))} at the earliest; if that is meant, set its acknowledgement to \"nobody can delete a log for ${bucket.lock_days} days\"."
      if bucket.lock_mode == "COMPLIANCE"
    ])} First prove in GOVERNANCE that every sender's logs arrive."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : coalesce(bucket.keep_days, bucket.lock_days) >= bucket.lock_days])
    error_message = "Keep objects at least as long as they are locked: the lifecycle can't delete them sooner, and says something else than the lock."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : coalesce(bucket.cold_after_days, 90) >= 90])
    error_message = "PCI DSS 10.5.1 wants three months of logs at hand: move objects to colder storage after 90 days at the earliest."
  }

  validation {
    condition = alltrue([
      for bucket in var.buckets : coalesce(bucket.cold_after_days, 0) < coalesce(bucket.keep_days, bucket.lock_days)
    ])
    error_message = "Objects move to colder storage before they expire, or never: leave `cold_after_days` out."
  }

  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for id in bucket.sender_account_ids : can(regex("^[0-9]{12}$", id))]]))
    error_message = "A sender is the 12-digit id of an account."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : coalesce(bucket.silent_after_hours, 1) >= 1 && coalesce(bucket.silent_after_hours, 1) <= 24])
    error_message = "Silence is noticed after 1 to 24 hours: CloudWatch looks back no further than a day."
  }
}

variable "trail" {
  description = "The organization's trail, the id of the management account that it belongs to, and the bucket of `buckets` that it writes to; null for none."
  type = object({
    name                  = string
    management_account_id = string
    bucket                = string
  })
  default = null

  validation {
    condition     = var.trail == null ? true : contains(keys(var.buckets), var.trail.bucket)
    error_message = "The trail's bucket is none of `buckets`."
  }

  validation {
    condition     = var.trail == null ? true : can(regex("^[0-9]{12}$", var.trail.management_account_id))
    error_message = "An organization's trail belongs to the management account, whoever made it: give that account's 12-digit id."
  }
}

variable "buffer" {
  description = "When a stream writes an object: after so many seconds or so many megabytes, whichever comes first."
  type = object({
    seconds   = optional(number, 60)
    megabytes = optional(number, 16)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.buffer.seconds >= 60 && var.buffer.seconds <= 900
    error_message = "Write an object every 60 to 900 seconds: sooner makes many small objects, later leaves logs where they aren't locked yet."
  }

  validation {
    condition     = var.buffer.megabytes >= 1 && var.buffer.megabytes <= 128
    error_message = "Firehose collects 1 to 128 megabytes before it writes an object."
  }
}

variable "stalled_after_seconds" {
  description = "Age in seconds of the oldest log that isn't in its bucket yet at which an alarm sounds."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.stalled_after_seconds > var.buffer.seconds && var.stalled_after_seconds <= 43200
    error_message = "Sound the alarm later than a stream normally writes (`buffer.seconds`), and within twelve hours: Firehose drops what it couldn't deliver for a day."
  }
}

variable "access_log_days" {
  description = "Days that it is known who read the archive, and that the streams' own errors are kept. One of the periods that CloudWatch Logs has."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.access_log_days)
    error_message = "Keep them for 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: PCI DSS 10.5.1 wants twelve months."
  }
}

variable "key_deletion_window_days" {
  description = "Days between scheduling the key's deletion and losing every log for good, 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "KMS waits 7 to 30 days before it deletes a key; choose a number in that range."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the roles of the streams and destinations; null for none."
  type        = string
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when logs are late, are lost, or stay away."
  type        = set(string)
  default     = []
  nullable    = false
}
