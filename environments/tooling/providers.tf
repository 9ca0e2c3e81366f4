locals {
  environment = "tooling"
  known       = jsondecode(file("${path.module}/../organization.json"))
  account_id  = local.known.accounts[local.environment]
}

provider "aws" {
  region              = local.known.region
  allowed_account_ids = [local.account_id]

  assume_role {
    role_arn = "arn:aws:iam::${local.account_id}:role/payments-deploy"
  }

  default_tags {
    tags = {
      data        = "configuration"
      environment = local.environment
      owner       = "payments-platform"
      scope       = "pci-connected"
    }
  }
}
