locals {
  environment = "log-archive"
  known       = jsondecode(file("${path.module}/../organization.json"))
  account_id  = local.known.accounts[local.environment]
  deploy_role = "arn:aws:iam::${local.account_id}:role/payments-deploy"
}

provider "aws" {
  region              = local.known.region
  allowed_account_ids = [local.account_id]

  assume_role {
    role_arn = local.deploy_role
  }

  default_tags {
    tags = {
      data        = "logs"
      environment = local.environment
      owner       = "payments-platform"
      scope       = "pci-connected"
    }
  }
}
