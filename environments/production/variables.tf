variable "acquirer_url" {
  description = "Address of another acquirer. Null is the environment's own. In dev it may be a simulator without a certificate."
  type        = string
  default     = null
}

variable "acquirer_prefixes" {
  description = "Networks of another acquirer by name, the only ones outside that the platform reaches. Null is those of the environment's own."
  type        = map(string)
  default     = null
}

variable "canary" {
  description = "While a release of the transaction gateway is tried out: its share of the calls, from 0 to below 1 (`weight`), and the version that serves the rest. Null sends all to the new version."
  type = object({
    stable_version = string
    weight         = number
  })
  default = null
}

variable "log_destination_arn" {
  description = "Log destination of another archive. Null is the one that environments/log-archive makes."
  type        = string
  default     = null
}

variable "merchants" {
  description = "Merchants by id, from merchants.auto.tfvars.json: requests a second, burst and requests a day of their plan, lower limits of single operations, and who may assume their role."
  type = map(object({
    burst       = number
    daily_quota = optional(number)
    operations = optional(map(object({
      burst           = number
      rate_per_second = number
    })), {})
    rate_per_second        = number
    trusted_principal_arns = set(string)
  }))
  nullable = false
}

variable "release_directory" {
  description = "Folder of the release to deploy: `release.json` and the zips that it lists, built with `make package`."
  type        = string
  default     = "../../dist"
  nullable    = false
}

variable "rollout" {
  description = "Services under way from a legacy backend to the new one, from merchants.auto.tfvars.json: phase, backend, and cohorts of merchants with their weights in percent. None are."
  type = map(object({
    phase                    = string
    shares_idempotency_store = optional(bool, false)
    legacy = optional(object({
      base_url          = string
      load_balancer_arn = string
    }))
    cohorts = optional(map(object({
      merchants = set(string)
      weights = object({
        legacy = number
        new    = number
      })
    })), {})
  }))
  default  = {}
  nullable = false
}

variable "role" {
  description = "Role of the account that the provider assumes: `deploy`; `plan`, which changes nothing; or empty for the credentials as they are. It isn't part of a saved plan."
  type        = string
  default     = "deploy"
  ephemeral   = true
  nullable    = false

  validation {
    condition     = contains(["", "deploy", "plan"], var.role)
    error_message = "The role is \"deploy\", \"plan\", or empty for the credentials as they are."
  }
}
