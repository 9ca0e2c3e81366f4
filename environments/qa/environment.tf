# Everything in which this environment differs from the others, beside merchants.auto.tfvars.json and
# backend.tf: all other files are the same in each. Why it may differ: ../differences.toml.

locals {
  environment = "qa"

  acquirer = {
    prefixes = { acquirer = "203.0.113.0/24" }
    url      = "https://sandbox.acquirer.example"
  }

  # Contracts and refusals are tested here, load isn't.
  capacity = {
    burst                   = 50
    transactions_per_second = 50
    warm_percent            = 0
  }

  cidr_block = "10.24.0.0/20"

  # What tests leave behind goes with the environment.
  deletion_protection      = false
  key_deletion_window_days = 7

  fraud = {
    deadline_ms = 20
    timeout_ms  = 80
  }

  log_archive        = "nonproduction"
  log_retention_days = 90
}
