terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

provider "aws" {
  allowed_account_ids = [var.account_id]

  assume_role {
    role_arn = "arn:aws:iam::${var.account_id}:role/OrganizationAccountAccessRole"
  }

  default_tags {
    tags = { Environment = "test", Revision = var.revision }
  }
}

variable "account_id" {
  description = "The account that everything is made in."
  type        = string
  nullable    = false
}

variable "revision" {
  description = "1 when first applied; 2 changes something about every kind of resource."
  type        = number
  default     = 1
  nullable    = false
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  changed = var.revision > 1
  region  = data.aws_region.current.name
}

output "account_id" {
  description = "The account that the provider ended up in."
  value       = data.aws_caller_identity.current.account_id
}
