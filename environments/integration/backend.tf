# Made by environments/bootstrap. A backend can't refer to values, so what
# environments/organization.json says about integration stands here again.
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-666666666666"
    key                 = "integration/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["666666666666"]
    encrypt             = true
    kms_key_id          = "alias/payments-terraform-state"
    use_lockfile        = true

    assume_role = {
      role_arn = "arn:aws:iam::666666666666:role/payments-deploy"
    }
  }
}
