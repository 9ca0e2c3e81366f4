variable "name" {
  description = "Name of the dashboard, and prefix of the saved query, for example `payments-dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,47}$", var.name))
    error_message = "The name has 2 to 48 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "apis" {
  description = "REST APIs by a short name: name and stage, the percentage of requests that are answered without a server error, and the percentage that is answered within `latency_ms`."
  type = map(object({
    availability_percent = optional(number, 99.9)
    latency_ms           = optional(number, 1000)
    latency_percent      = optional(number, 99)
    name                 = string
    stage                = string
  }))
  nullable = false

  validation {
    condition     = length(var.apis) > 0
    error_message = "Name at least one API: objectives are promises to its callers."
  }

  validation {
    condition = alltrue(flatten([
      for api in values(var.apis) : [
        for percent in [api.availability_percent, api.latency_percent] : percent >= 95 && percent < 100
      ]
    ]))
    error_message = "Objectives are from 95 to below 100 %: less can't burn fast enough to alarm, and 100 leaves nothing to spend."
  }

  validation {
    condition     = alltrue([for api in values(var.apis) : api.latency_ms >= 1 && api.latency_ms <= 29000])
    error_message = "A latency objective is from 1 to 29000 ms, the longest that API Gateway waits."
  }
}

variable "functions" {
  description = "Lambda functions by a short name: name, alias, and whether they read a stream."
  type = map(object({
    alias        = string
    name         = string
    reads_stream = optional(bool, false)
  }))
  default  = {}
  nullable = false
}

variable "services" {
  description = "ECS services by a short name: names of cluster and service, ARNs of load balancer and target group."
  type = map(object({
    cluster           = string
    load_balancer_arn = string
    name              = string
    target_group_arn  = string
  }))
  default  = {}
  nullable = false
}

variable "queues" {
  description = "Names of SQS queues by a short name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "figures" {
  description = "Graphs of the platform's own metrics, in their order: title, and metrics with label, namespace, name, dimensions and statistic."
  type = list(object({
    metrics = list(object({
      dimensions = map(string)
      label      = string
      name       = string
      namespace  = string
      statistic  = optional(string, "Sum")
    }))
    title = string
  }))
  default  = []
  nullable = false
}

variable "log_groups" {
  description = "Names of the log groups that a request leaves lines in, 50 at most; the saved query searches them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.log_groups) <= 50
    error_message = "A query searches 50 log groups at most."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that are notified when somebody must act now, and when they needn't any more."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "ticket_topic_arns" {
  description = "SNS topics that are notified of what can wait until tomorrow. Null: the same."
  type        = set(string)
  default     = null
}
