variable "name" {
  description = "Prefix of every name in this data class, for example `payments-dev`. Tables are called `<name>-<table>`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,48}[a-z0-9]$", var.name))
    error_message = "Use 3 to 50 lower-case letters, digits and hyphens that start with a letter, for example \"payments-dev\"."
  }
}

variable "data_class" {
  description = "What the tables hold, for example `payments`. The class has one customer-managed key, `alias/<name>-<data_class>`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.data_class))
    error_message = "Use 2 to 31 lower-case letters, digits and hyphens that start with a letter, for example \"payments\"."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the tables. Turn it off only where an environment is meant to be thrown away."
  type        = bool
  default     = true
  nullable    = false
}

variable "key_deletion_window_days" {
  description = "Days between scheduling the key's deletion and losing the data for good, 7 to 30."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30
    error_message = "KMS waits 7 to 30 days before it deletes a key; choose a number in that range."
  }
}

variable "recovery_period_days" {
  description = "Days that a table can be restored to, by the second, 1 to 35."
  type        = number
  default     = 35
  nullable    = false

  validation {
    condition     = var.recovery_period_days >= 1 && var.recovery_period_days <= 35
    error_message = "DynamoDB keeps point-in-time recovery for 1 to 35 days; choose a number in that range."
  }
}

variable "tables" {
  description = "Tables by name. `attributes` gives the type (`S`, `N` or `B`) of every key attribute of the table and its indexes; other attributes aren't declared."
  type = map(object({
    hash_key   = string
    range_key  = optional(string)
    attributes = map(string)
    indexes = optional(map(object({
      hash_key           = string
      range_key          = optional(string)
      projection         = optional(string, "ALL")
      non_key_attributes = optional(set(string))
    })), {})
    stream_view   = optional(string)
    ttl_attribute = optional(string)
  }))
  nullable = false

  validation {
    condition     = length(var.tables) > 0
    error_message = "Declare at least one table; a key without data costs money and protects nothing."
  }

  validation {
    condition = alltrue([
      for table in var.tables : toset(keys(table.attributes)) == toset(compact(concat(
        [table.hash_key, table.range_key],
        flatten([for index in table.indexes : [index.hash_key, index.range_key]]),
      )))
    ])
    error_message = "List in `attributes` exactly the hash and range keys of the table and its indexes: DynamoDB refuses both missing and unused ones."
  }

  validation {
    condition     = alltrue(flatten([for table in var.tables : [for type in values(table.attributes) : contains(["S", "N", "B"], type)]]))
    error_message = "A key attribute is of type \"S\" (string), \"N\" (number) or \"B\" (binary)."
  }

  validation {
    condition = alltrue(flatten([
      for table in var.tables : [
        for index in table.indexes :
        contains(["ALL", "KEYS_ONLY", "INCLUDE"], index.projection) && (index.projection == "INCLUDE") == (index.non_key_attributes != null)
      ]
    ]))
    error_message = "An index projects \"ALL\", \"KEYS_ONLY\" or \"INCLUDE\"; give `non_key_attributes` with \"INCLUDE\" and only then."
  }

  validation {
    condition = alltrue([
      for table in var.tables :
      table.stream_view == null ? true : contains(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"], table.stream_view)
    ])
    error_message = "A stream shows \"KEYS_ONLY\", \"NEW_IMAGE\", \"OLD_IMAGE\" or \"NEW_AND_OLD_IMAGES\"; leave `stream_view` out for none."
  }
}
