variable "environment" {
  description = "Name of the environment, the second part of every name: `payments-<environment>-...`."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["dev", "qa", "integration", "production"], var.environment)
    error_message = "The environment is \"dev\", \"qa\", \"integration\" or \"production\"."
  }
}

variable "release_directory" {
  description = "Folder with `release.json` and the zips that it lists, as `make package` builds them."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists("${var.release_directory}/release.json")
    error_message = "There is no release.json in the release directory. Build the release with `make package`."
  }
}

variable "acquirer" {
  description = "The acquirer that payments are sent to: its address, and milliseconds that one instruction may take, 50 to 10000. After that its outcome is unknown, and the sweeper asks again."
  type = object({
    timeout_ms = optional(number, 2000)
    url        = string
  })
  nullable = false

  validation {
    condition     = can(regex("^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/.*)?$", var.acquirer.url))
    error_message = "Give the acquirer's address with its scheme, for example \"https://acquirer.example.com\"."
  }

  validation {
    condition     = startswith(var.acquirer.url, "https://") || var.environment == "dev"
    error_message = "Outside dev the acquirer is reached by https:// only: payments don't cross networks in plain text."
  }

  validation {
    condition     = var.acquirer.timeout_ms >= 50 && var.acquirer.timeout_ms <= 10000
    error_message = "Give the acquirer 50 to 10000 ms: the whole answer must fit into the function's 15 seconds."
  }
}

variable "web_acl" {
  description = "The `web_acl` output of a waf module: the web ACL that stands before every API."
  type = object({
    arn = string
  })
  nullable = false
}

variable "network" {
  description = "Private addresses of the VPC (a /16 to /22), its three availability zones (null: the region's first), and the acquirer's networks by name, the only ones outside that are reached. Without them there is no way out at all."
  type = object({
    acquirer_prefixes  = optional(map(string))
    availability_zones = optional(list(string))
    cidr_block         = string
  })
  nullable = false
}

variable "internal_domain" {
  description = "Name under which services are found in the VPC, for example `services.dev.payments.example`, and the id of the public hosted zone that it lies in: ACM looks there before it makes their certificate."
  type = object({
    name           = string
    public_zone_id = string
  })
  nullable = false

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.internal_domain.name)) && length(var.internal_domain.name) <= 54
    error_message = "Give the internal domain's name in lower case and with at most 54 characters, for example \"services.dev.payments.example\": a certificate's first name has 64."
  }

  validation {
    condition     = can(regex("^[A-Z0-9]{1,32}$", var.internal_domain.public_zone_id))
    error_message = "Give the public zone by its id in Route 53, for example \"Z04813002GL4EXAMPLE\"."
  }
}

variable "fraud" {
  description = "Fraud checks: scores (0 to 1000) from which a payment is reviewed or refused, milliseconds that a score may take (`deadline_ms`; counters that don't answer by then are left out of it) and that an authorization waits for one (`timeout_ms`), and by currency the largest amount in minor units that passes when the service is silent (default: none)."
  type = object({
    deadline_ms     = optional(number, 20)
    fail_open_below = optional(map(number), {})
    refuse_at       = optional(number, 700)
    review_at       = optional(number, 200)
    timeout_ms      = optional(number, 80)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for currency, amount in var.fraud.fail_open_below : can(regex("^[A-Z]{3}$", currency)) && amount >= 0 && floor(amount) == amount])
    error_message = "`fraud.fail_open_below` has whole minor units by currency, for example { EUR = 5000 } for EUR 50.00."
  }

  validation {
    condition     = 1 <= var.fraud.review_at && var.fraud.review_at <= var.fraud.refuse_at && var.fraud.refuse_at <= 1001
    error_message = "Review from a score of 1 on, and refuse from that or a higher one; 1001 refuses nothing."
  }

  validation {
    condition     = var.fraud.timeout_ms >= 5 && var.fraud.timeout_ms <= 2000
    error_message = "An authorization waits 5 to 2000 ms for its score."
  }

  validation {
    condition     = var.fraud.deadline_ms >= 1 && var.fraud.deadline_ms < var.fraud.timeout_ms
    error_message = "A score takes 1 ms or more, and less than an authorization waits for it: give `fraud.deadline_ms` less than `fraud.timeout_ms`."
  }
}

variable "refund_second_person_above" {
  description = "By currency, what one person may refund of a payment on the dashboard, in minor units; above it, and in other currencies, a second one confirms."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for currency, amount in var.refund_second_person_above : can(regex("^[A-Z]{3}$", currency)) && amount >= 0 && floor(amount) == amount])
    error_message = "`refund_second_person_above` has whole minor units by currency, for example { EUR = 50000 } for EUR 500.00."
  }
}

variable "capacity" {
  description = "What the payments service was tested for: requests a second, requests at one instant, and the seconds that one takes; percent of it held for captures, refunds and voids, and of the requests under way for which functions are kept warm. `fraud_percent` and `dashboard_percent` say what the APIs of these services take, in percent of the requests a second. Drives throttles, plans, concurrency, numbers of tasks and alarms, and bounds the merchants' plans."
  type = object({
    burst                   = number
    dashboard_percent       = optional(number, 20)
    fraud_percent           = optional(number, 50)
    held_percent            = optional(number, 20)
    seconds_per_transaction = optional(number, 0.5)
    transactions_per_second = number
    warm_percent            = optional(number, 100)
  })
  nullable = false

  validation {
    condition     = alltrue([for name, value in var.capacity : value > 0 || name == "warm_percent"])
    error_message = "Every part of the capacity but `warm_percent` is over 0: without a throttle one merchant can use up everyone's."
  }

  validation {
    condition     = var.capacity.held_percent <= 90 && var.capacity.warm_percent >= 0 && var.capacity.warm_percent <= 100
    error_message = "Hold at most 90 percent of the capacity, and keep functions warm for 0 to 100 percent of the requests under way."
  }
}

variable "merchants" {
  description = "Merchants by id: requests a second, burst and requests a day (null: no quota) of their plan, lower limits of single operations of the payments API (by operationId, requests a second and burst), the principals that may assume their role `merchant-<id>`, and by API (`dashboard`, `fraud`, `payments`) the legacy backend that still serves them."
  type = map(object({
    burst       = number
    daily_quota = optional(number)
    legacy = optional(map(object({
      base_url    = string
      vpc_link_id = string
    })), {})
    operations = optional(map(object({
      burst           = number
      rate_per_second = number
    })), {})
    rate_per_second        = number
    trusted_principal_arns = set(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for id in keys(var.merchants) : can(regex("^m_[a-z0-9]{4,24}$", id))])
    error_message = "A merchant id is \"m_\" and 4 to 24 lower-case letters and digits, for example \"m_bakery\"."
  }

  validation {
    condition     = sum(concat([0], values(var.merchants)[*].rate_per_second)) <= var.capacity.transactions_per_second
    error_message = "The merchants' plans promise ${sum(concat([0], values(var.merchants)[*].rate_per_second))} requests a second, the platform holds ${var.capacity.transactions_per_second}. Test it for more and raise `capacity.transactions_per_second`, or lower the merchants' `rate_per_second`."
  }

  validation {
    condition     = sum(concat([0], values(var.merchants)[*].burst)) <= var.capacity.burst
    error_message = "The merchants' plans promise bursts of ${sum(concat([0], values(var.merchants)[*].burst))} requests, the platform holds ${var.capacity.burst}. Test it for more and raise `capacity.burst`, or lower the merchants' `burst`."
  }

  validation {
    condition = alltrue([
      for merchant in var.merchants : length(merchant.trusted_principal_arns) > 0 && alltrue([
        for arn in merchant.trusted_principal_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|role/.+)$", arn))
      ])
    ])
    error_message = "Name at least one trusted principal per merchant: the ARN of a role, or \"arn:aws:iam::<account>:root\" for the merchant's whole account. Users and \"*\" are refused."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the tables. Turn it off only where an environment is meant to be thrown away."
  type        = bool
  default     = true
  nullable    = false
}

variable "key_deletion_window_days" {
  description = "Days between scheduling a key's deletion and losing what it encrypts, 7 to 30."
  type        = number
  default     = 30
  nullable    = false
}

variable "logs" {
  description = "Days that log groups keep events, and the lowest level that the functions log."
  type = object({
    level          = optional(string, "INFO")
    retention_days = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN", "ERROR"], var.logs.level)
    error_message = "The functions log at DEBUG, INFO, WARN or ERROR."
  }
}

variable "canary" {
  description = "While a release of the transaction gateway is tried out: its share of the calls (`weight`), and the version that serves the rest. Null sends all to the new version."
  type = object({
    stable_version = string
    weight         = number
  })
  default = null
}

variable "disable_execute_api_endpoint" {
  description = "Answer only under a custom domain. Leave it off until the domain exists."
  type        = bool
  default     = false
  nullable    = false
}

variable "code_signing_config_arn" {
  description = "Code signing configuration that the functions' artifacts must satisfy. Null accepts unsigned code."
  type        = string
  default     = null
}

variable "permissions_boundary_arn" {
  description = "Policy that bounds every role made here. Null sets no boundary."
  type        = string
  default     = null
}

variable "objectives" {
  description = "What is promised to callers of each API: percentage of requests without a server error, and percentage that is answered within `latency_ms`, from 95 to below 100 %; and the SNS topics of what can wait until tomorrow (null: those of all alarms)."
  type = object({
    dashboard = optional(object({
      availability_percent = optional(number, 99.9)
      latency_ms           = optional(number, 3000)
      latency_percent      = optional(number, 99)
    }), {})
    fraud = optional(object({
      availability_percent = optional(number, 99.9)
      latency_ms           = optional(number, 500)
      latency_percent      = optional(number, 99)
    }), {})
    payments = optional(object({
      availability_percent = optional(number, 99.9)
      latency_ms           = optional(number, 1500)
      latency_percent      = optional(number, 99)
    }), {})
    ticket_topic_arns = optional(set(string))
  })
  default  = {}
  nullable = false
}

variable "alarm_topic_arns" {
  description = "SNS topics that all alarms notify."
  type        = set(string)
  default     = []
  nullable    = false
}
