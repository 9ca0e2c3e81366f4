# Everything in which this environment differs from the others, beside merchants.auto.tfvars.json and
# backend.tf: all other files are the same in each. Why it may differ: ../differences.toml.

locals {
  environment = "integration"

  acquirer = {
    prefixes = { acquirer = "203.0.113.0/24" }
    url      = "https://sandbox.acquirer.example"
  }

  # Half of production's, and as warm: what is measured here is to be true there.
  capacity = {
    burst                   = 125
    transactions_per_second = 125
    warm_percent            = 100
  }

  cidr_block = "10.28.0.0/20"

  # Merchants' developers build on what stands here.
  deletion_protection      = true
  key_deletion_window_days = 30

  fraud = {
    deadline_ms = 20
    timeout_ms  = 80
  }

  log_archive        = "nonproduction"
  log_retention_days = 90
}
