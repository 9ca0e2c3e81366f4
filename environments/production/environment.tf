# Everything in which this environment differs from the others, beside merchants.auto.tfvars.json and
# backend.tf: all other files are the same in each. Why it may differ: ../differences.toml.

locals {
  environment = "production"

  acquirer = {
    prefixes = { acquirer = "198.51.100.0/24" }
    url      = "https://api.acquirer.example"
  }

  # Reserved concurrency stays below the 900 that an account has before anybody asks for more.
  capacity = {
    burst                   = 250
    transactions_per_second = 250
    warm_percent            = 100
  }

  cidr_block = "10.32.0.0/20"

  deletion_protection      = true
  key_deletion_window_days = 30

  fraud = {
    deadline_ms = 20
    timeout_ms  = 80
  }

  # PCI DSS 10.5.1: a year of logs.
  log_archive        = "production"
  log_retention_days = 365
}
