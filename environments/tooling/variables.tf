variable "repository" {
  description = "Repository that is released, as owner/name."
  type        = string
  default     = "example/payment-api-platform"
  nullable    = false
}

variable "connection_arn" {
  description = "Connection to the repository's host that exists; null makes one, to be confirmed in the console."
  type        = string
  default     = null
}

variable "subscriber_emails" {
  description = "Who is told of failed stages, approvals that wait, and drift."
  type        = set(string)
  default     = []
  nullable    = false
}
