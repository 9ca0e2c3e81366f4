# Made by environments/bootstrap, in the management account. A backend can't refer to values, so what
# environments/organization.json says about management stands here again.
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-111111111111"
    key                 = "trail/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["111111111111"]
    encrypt             = true
    kms_key_id          = "alias/payments-terraform-state"
    use_lockfile        = true

    assume_role = {
      role_arn = "arn:aws:iam::111111111111:role/payments-deploy"
    }
  }
}
