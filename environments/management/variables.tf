variable "accounts" {
  description = "Member accounts by name, from organization.auto.tfvars.json: the e-mail address of the root user, and the unit. Their ids stand in environments/organization.json."
  type = map(object({
    email = string
    unit  = string
  }))
  nullable = false
}

variable "break_glass_users" {
  description = "Names of the IAM users of the management account, with MFA, who may lift guardrails."
  type        = set(string)
  nullable    = false
}

variable "delegated_administrators" {
  description = "Accounts that administer a service for the organization, by the service's principal, for example `{ \"guardduty.amazonaws.com\" = \"log-archive\" }`."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "security_emails" {
  description = "Addresses that are told of every use of the break-glass role. Each must confirm what SNS sends it."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.security_emails) > 0
    error_message = "Name at least one address: an alarm that nobody hears is none."
  }
}
