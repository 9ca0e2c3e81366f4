# Made by environments/bootstrap. A backend can't refer to values, so what
# environments/organization.json says about production stands here again.
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-777777777777"
    key                 = "production/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["777777777777"]
    encrypt             = true
    kms_key_id          = "alias/payments-terraform-state"
    use_lockfile        = true

    assume_role = {
      role_arn = "arn:aws:iam::777777777777:role/payments-deploy"
    }
  }
}
