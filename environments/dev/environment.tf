# Everything in which this environment differs from the others, beside merchants.auto.tfvars.json and
# backend.tf: all other files are the same in each. Why it may differ: ../differences.toml.

locals {
  environment = "dev"

  acquirer = {
    prefixes = { acquirer = "203.0.113.0/24" }
    url      = "https://sandbox.acquirer.example"
  }

  # Functions start when they are asked: nobody pays here.
  capacity = {
    burst                   = 125
    transactions_per_second = 125
    warm_percent            = 0
  }

  cidr_block = "10.20.0.0/20"

  # Dev is thrown away and built anew: nothing in it outlives a week.
  deletion_protection      = false
  key_deletion_window_days = 7

  # Dev is also applied to busy laptops, where a table's answer takes half a second at times.
  fraud = {
    deadline_ms = 1000
    timeout_ms  = 1500
  }

  log_archive        = "nonproduction"
  log_retention_days = 90
}
