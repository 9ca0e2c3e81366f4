locals {
  organization = jsondecode(file("${path.module}/../organization.json"))
  account_id   = local.organization.accounts[var.environment]
  region       = local.organization.region
}

provider "aws" {
  region              = local.region
  allowed_account_ids = [local.account_id]

  dynamic "assume_role" {
    for_each = var.assume_role_name[*]
    content {
      role_arn = "arn:aws:iam::${local.account_id}:role/${assume_role.value}"
    }
  }

  default_tags {
    tags = {
      data        = "configuration"
      environment = var.environment
      owner       = "payments-platform"
      scope       = "pci-connected"
    }
  }
}
