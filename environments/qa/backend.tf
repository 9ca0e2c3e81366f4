# Made by environments/bootstrap. A backend can't refer to values, so what
# environments/organization.json says about qa stands here again.
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-555555555555"
    key                 = "qa/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["555555555555"]
    encrypt             = true
    kms_key_id          = "alias/payments-terraform-state"
    use_lockfile        = true

    assume_role = {
      role_arn = "arn:aws:iam::555555555555:role/payments-deploy"
    }
  }
}
