variable "production_lock" {
  description = "How logs of production are locked, for how many days, and the acknowledgement that COMPLIANCE wants: without it the plan says what to write, and until when."
  type = object({
    mode            = optional(string, "COMPLIANCE")
    days            = optional(number, 365)
    acknowledgement = optional(string, "")
  })
  default  = {}
  nullable = false
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told when logs are late, are lost, or stay away, beside `payments-security` of the management account."
  type        = set(string)
  default     = []
  nullable    = false
}
