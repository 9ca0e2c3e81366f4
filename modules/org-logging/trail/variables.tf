variable "name" {
  description = "Name of the trail, for example `payments-organization`. The archive's bucket and key let in this one alone."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,62}$", var.name))
    error_message = "Use 3 to 63 lower-case letters, digits and hyphens that start with a letter, for example \"payments-organization\"."
  }
}

variable "archive" {
  description = "Where the trail writes, made by org-logging/archive or there already: name of the bucket, ARN of the key, and names of all buckets of the archive, whose own data events are left out."
  type = object({
    bucket_name  = string
    bucket_names = set(string)
    kms_key_arn  = string
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.archive.kms_key_arn))
    error_message = "Give the key by its ARN: an alias of another account isn't found, and AWS managed keys can't be shared."
  }

  validation {
    condition     = contains(var.archive.bucket_names, var.archive.bucket_name)
    error_message = "The trail's own bucket is one of the archive's: add it to `bucket_names`, or each file that the trail writes makes an event that it writes."
  }
}

variable "data_events" {
  description = "Data events by name: type of the resources, and beginnings of the ARNs that are meant (all by default). `writes_only` leaves out what only reads."
  type = map(object({
    resource_type = string
    arn_prefixes  = optional(set(string), [])
    writes_only   = optional(bool, false)
  }))
  default = {
    functions = { resource_type = "AWS::Lambda::Function" }
    objects   = { resource_type = "AWS::S3::Object" }
    tables    = { resource_type = "AWS::DynamoDB::Table" }
  }
  nullable = false

  validation {
    condition     = contains([for events in var.data_events : events.resource_type], "AWS::S3::Object")
    error_message = "PCI DSS 10.2.1 wants access to stored data logged: keep events of AWS::S3::Object, of all buckets or of some."
  }

  validation {
    condition     = alltrue([for events in var.data_events : can(regex("^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$", events.resource_type))])
    error_message = "Write a resource type as CloudTrail does, for example \"AWS::DynamoDB::Table\"."
  }

  validation {
    condition = alltrue(flatten([
      for events in var.data_events : [
        for prefix in events.arn_prefixes : [
          for bucket in var.archive.bucket_names : !startswith(prefix, "arn:aws:s3:::${bucket}")
        ]
      ]
    ]))
    error_message = "The archive's own buckets can't be meant: each file that the trail writes would make an event that it writes."
  }
}

variable "network_activity_sources" {
  description = "Services whose calls through VPC endpoints are logged, also those that an endpoint's policy refused, for example `kms.amazonaws.com`."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for source in var.network_activity_sources : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", source))])
    error_message = "Name services by their event source, for example \"kms.amazonaws.com\"."
  }
}

variable "watched_days" {
  description = "Days that the copy in CloudWatch Logs is kept, on which the alarms work; the archive keeps the events for good. One of the periods that CloudWatch Logs has."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([90, 120, 150, 180, 365, 400], var.watched_days)
    error_message = "Keep the copy for 90, 120, 150, 180, 365 or 400 days: three months are to be at hand (PCI DSS 10.5.1)."
  }
}

variable "existing_log_group_name" {
  description = "Log group of a trail that the organization has already: then no trail is made, only the alarms on it. Null makes the trail."
  type        = string
  default     = null
}

variable "exempt_role_names" {
  description = "Names of the roles whose changes to the logging aren't alarming, since they apply it."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.exempt_role_names : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", name))])
    error_message = "Name roles without path or ARN, for example \"payments-deploy\"."
  }
}

variable "emergency_role_names" {
  description = "Names of the roles for emergencies, in whichever account: becoming one, or trying to, sounds an alarm."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.emergency_role_names : can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", name))])
    error_message = "Name emergency roles without path or ARN, for example \"payments-breakglass\"."
  }
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds the role by which the trail writes its copy; null for none."
  type        = string
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when somebody tampers with the logging, or the trail's events stay away."
  type        = set(string)
  default     = []
  nullable    = false
}
