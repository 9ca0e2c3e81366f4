variable "service" {
  description = "Name of the service as the custom domain maps it, for example `payments` for `/v1/payments`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.service))
    error_message = "Name the service in 2 to 31 lower-case letters, digits and hyphens, for example \"payments\"."
  }
}

variable "notice_days" {
  description = "Days that clients have at least between a version's deprecation and its end, 30 to 1095."
  type        = number
  default     = 180
  nullable    = false

  validation {
    condition     = var.notice_days >= 30 && var.notice_days <= 1095
    error_message = "Clients have 30 to 1095 days to move: less is no notice, and more nobody plans with."
  }
}

variable "versions" {
  description = "Versions of the service's API by name, `v1` and so on: `state` (preview, active, deprecated, sunset, retired); from deprecated on `deprecated_on` and `sunset_on` (RFC 3339, UTC; a deprecated one's end may still be open) and the `successor`, another version."
  type = map(object({
    deprecated_on = optional(string)
    state         = string
    successor     = optional(string)
    sunset_on     = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.versions) : can(regex("^v[1-9][0-9]{0,2}$", name))])
    error_message = "Versions are named \"v1\", \"v2\" and so on: the name is part of every address."
  }

  validation {
    condition     = alltrue([for version in values(var.versions) : contains(["preview", "active", "deprecated", "sunset", "retired"], version.state)])
    error_message = "A version's state is \"preview\", \"active\", \"deprecated\", \"sunset\" or \"retired\"."
  }

  validation {
    condition     = anytrue([for version in values(var.versions) : contains(["preview", "active"], version.state)])
    error_message = "No version of ${var.service} is active: clients would have nowhere to go. Make the next version active before the last one ends."
  }

  validation {
    condition = alltrue([
      for version in values(var.versions) : version.deprecated_on == null && version.sunset_on == null && version.successor == null
      if contains(["preview", "active"], version.state)
    ])
    error_message = "A version that is in preview or active has no `deprecated_on`, `sunset_on` or `successor`: make it deprecated, or leave them out."
  }

  validation {
    condition = alltrue([
      for version in values(var.versions) : version.deprecated_on != null if contains(["deprecated", "sunset", "retired"], version.state)
    ])
    error_message = "Say since when a version is deprecated: `deprecated_on`, for example \"2027-01-31T00:00:00Z\"."
  }

  validation {
    condition = alltrue([
      for version in values(var.versions) : version.sunset_on != null if contains(["sunset", "retired"], version.state)
    ])
    error_message = "A version ends on a day that its clients were told: give `sunset_on` while it is deprecated, and keep it."
  }

  validation {
    condition = alltrue(flatten([
      for version in values(var.versions) : [
        for time in compact([version.deprecated_on, version.sunset_on]) :
        can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", time)) && can(timeadd(time, "0s"))
      ]
    ]))
    error_message = "Give times in RFC 3339, in UTC and to the second, for example \"2027-01-31T00:00:00Z\"."
  }

  validation {
    condition = alltrue([
      for version in values(var.versions) :
      try(timecmp(version.sunset_on, timeadd(version.deprecated_on, "${24 * var.notice_days}h")) >= 0, true)
    ])
    error_message = "A version of ${var.service} ends less than ${var.notice_days} days after it was deprecated: clients were promised that long to move. Give a later `sunset_on`."
  }

  validation {
    condition = alltrue([
      for version in values(var.versions) : try(timecmp(version.sunset_on, plantimestamp()) <= 0, true)
      if contains(["sunset", "retired"], version.state)
    ])
    error_message = "A version of ${var.service} can't end before its `sunset_on`, which its clients were told. Leave it deprecated until then."
  }

  validation {
    condition = alltrue([
      for name, version in var.versions : try(contains(keys(var.versions), version.successor) && parseint(substr(version.successor, 1, -1), 10) > parseint(substr(name, 1, -1), 10), false)
      if contains(["deprecated", "sunset", "retired"], version.state)
    ])
    error_message = "A version that is deprecated or gone names its `successor`, a later version of ${var.service}: ${join(", ", keys(var.versions))}."
  }

  validation {
    condition = alltrue([
      for version in values(var.versions) : try(var.versions[version.successor].state == "active", true)
      if contains(["deprecated", "sunset"], version.state)
    ])
    error_message = "The successor of a version that is deprecated or was ended is active: nobody moves to one that may still change, or that ends itself."
  }
}
