variable "name" {
  description = "Prefix of every name, for example `payments`. The archive's buckets are called `<name>-*logs-*`, roles of logging `<name>-log*`, `<name>-*-flow-logs` and `<name>-*-log-forwarding`: the guardrails know them by that."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "Use 3 to 30 lower-case letters, digits and hyphens that start with a letter, for example \"payments\"."
  }
}

variable "accounts" {
  description = "Member accounts by name: the e-mail address of their root user, the unit (`Archive`, `Infrastructure`, `NonProduction` or `Production`), and the id if it is written down somewhere, to be compared with the one that AWS gave."
  type = map(object({
    email = string
    unit  = string
    id    = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for account in var.accounts : contains(["Archive", "Infrastructure", "NonProduction", "Production"], account.unit)])
    error_message = "An account lies in the unit Archive, Infrastructure, NonProduction or Production: in Workloads itself, or in the root, no guardrail would keep its logs from being deleted."
  }

  validation {
    condition     = alltrue([for account in var.accounts : can(regex("^[^@\\s]{1,64}@[^@\\s]+\\.[^@\\s]+$", account.email))])
    error_message = "Give each account an e-mail address such as aws+dev@example.com."
  }

  validation {
    condition     = length(distinct([for account in var.accounts : lower(account.email)])) == length(var.accounts)
    error_message = "Give each account an e-mail address of its own: AWS knows a root user by it."
  }

  validation {
    condition     = alltrue([for account in var.accounts : account.id == null ? true : can(regex("^[0-9]{12}$", account.id))])
    error_message = "An account's id has 12 digits; leave it out where it isn't known yet."
  }
}

variable "regions" {
  description = "Regions that member accounts may work in, for example `[\"eu-west-1\"]`."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.regions) > 0
    error_message = "Name at least one region: without one, member accounts could do nothing."
  }

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", region))])
    error_message = "Write regions as AWS does, for example \"eu-west-1\"."
  }
}

variable "deploy_role_name" {
  description = "Role in every account that applies Terraform: it alone may change what decides about logs, and the code of functions."
  type        = string
  default     = "payments-deploy"
  nullable    = false

  validation {
    condition     = can(regex("^[\\w+=,.@-]{1,64}$", var.deploy_role_name))
    error_message = "Give the name of one role, without a path and without wildcards: whoever matches it is exempt."
  }
}

variable "organization_exists" {
  description = "The organization is another's to make: read it, and leave its policy types and trusted services alone."
  type        = bool
  default     = false
  nullable    = false
}

variable "close_accounts_on_destroy" {
  description = "Close an account that is taken out of `accounts`. Otherwise it is only to leave the organization, which AWS refuses while the account can't pay for itself."
  type        = bool
  default     = false
  nullable    = false
}

variable "trusted_services" {
  description = "Services that may work in all accounts, by principal. Those in `delegated_administrators` are added."
  type        = set(string)
  default     = ["cloudtrail.amazonaws.com"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.trusted_services : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", service))])
    error_message = "Name services by their principals, for example \"cloudtrail.amazonaws.com\"."
  }
}

variable "delegated_administrators" {
  description = "Names of the accounts that administer a service for the organization, by the service's principal: `cloudtrail.amazonaws.com`, `guardduty.amazonaws.com`, `config.amazonaws.com`, ..."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for service in keys(var.delegated_administrators) : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", service))])
    error_message = "Name services by their principals, for example \"guardduty.amazonaws.com\"."
  }

  validation {
    condition     = alltrue([for account in values(var.delegated_administrators) : contains(keys(var.accounts), account)])
    error_message = "A service is administered from an account in `accounts`."
  }
}

variable "additional_service_control_policies" {
  description = "Further service control policies by name: description, document as JSON, and the units they are attached to (`Root` is all of them)."
  type = map(object({
    description = optional(string, "")
    document    = string
    units       = set(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for policy in var.additional_service_control_policies : can(jsondecode(policy.document).Statement)])
    error_message = "Write each document as a policy in JSON, for example with `jsonencode`."
  }

  validation {
    condition = alltrue(flatten([
      for policy in var.additional_service_control_policies :
      [for unit in policy.units : contains(["Archive", "Infrastructure", "NonProduction", "Production", "Root", "Workloads"], unit)]
    ]))
    error_message = "Attach policies to Archive, Infrastructure, NonProduction, Production, Root or Workloads."
  }

  validation {
    condition     = alltrue([for name in keys(var.additional_service_control_policies) : !startswith(name, "${var.name}-")])
    error_message = "Names that start with `<name>-` are for the module's own policies."
  }
}

variable "break_glass" {
  description = "Who may lift guardrails in an emergency: ARNs of IAM users of the management account who have MFA, and the topic that is told of every use. Null makes no such role."
  type = object({
    alarm_topic_arn = string
    user_arns       = set(string)
  })
  default = null

  validation {
    condition     = var.break_glass == null ? true : length(var.break_glass.user_arns) > 0
    error_message = "Name at least one user, or leave `break_glass` out."
  }

  validation {
    condition     = var.break_glass == null ? true : alltrue([for arn in var.break_glass.user_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:user/[\\w+=,.@/-]+$", arn))])
    error_message = "Name users one by one: a role's session carries no MFA, and a wildcard or an account names nobody."
  }

  validation {
    condition     = var.break_glass == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]+$", var.break_glass.alarm_topic_arn))
    error_message = "Give the ARN of the SNS topic that is told of every use."
  }
}
