variable "acquirer_url" {
  description = "Address of the acquirer. In dev it may be a simulator without a certificate."
  type        = string
  default     = "https://sandbox.acquirer.example"
  nullable    = false
}

variable "acquirer_prefixes" {
  description = "Networks of the acquirer by name, the only ones outside that the platform reaches."
  type        = map(string)
  default     = { sandbox = "203.0.113.0/24" }
  nullable    = false
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
