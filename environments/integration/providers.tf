locals {
  organization = jsondecode(file("${path.module}/../organization.json"))
  account_id   = local.organization.accounts[local.environment]
}

provider "aws" {
  region              = local.organization.region
  allowed_account_ids = [local.account_id]

  dynamic "assume_role" {
    for_each = var.role == "" ? [] : [var.role]
    content {
      role_arn = "arn:aws:iam::${local.account_id}:role/payments-${assume_role.value}"
    }
  }

  default_tags {
    tags = {
      data        = "payments"
      environment = local.environment
      owner       = "payments-platform"
      scope       = "pci-cde"
    }
  }
}
