variable "environment" {
  description = "Account to prepare, by its name in environments/organization.json."
  type        = string
  nullable    = false

  validation {
    condition     = contains(keys(local.organization.accounts), var.environment)
    error_message = "There is no such account in environments/organization.json. It has: ${join(", ", keys(local.organization.accounts))}."
  }
}

variable "assume_role_name" {
  description = "Role to assume in the account, for example `OrganizationAccountAccessRole` from the management account. Null uses the credentials as they are."
  type        = string
  default     = null
}
