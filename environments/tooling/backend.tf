# Made by environments/bootstrap, in the tooling account. A backend can't refer to values, so what
# environments/organization.json says about tooling stands here again.
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-333333333333"
    key                 = "tooling/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["333333333333"]
    encrypt             = true
    kms_key_id          = "alias/payments-terraform-state"
    use_lockfile        = true

    assume_role = {
      role_arn = "arn:aws:iam::333333333333:role/payments-deploy"
    }
  }
}
