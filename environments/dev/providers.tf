locals {
  environment  = "dev"
  organization = jsondecode(file("${path.module}/../organization.json"))
  account_id   = local.organization.accounts[local.environment]
}

provider "aws" {
  region              = local.organization.region
  allowed_account_ids = [local.account_id]

  assume_role {
    role_arn = "arn:aws:iam::${local.account_id}:role/payments-deploy"
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
