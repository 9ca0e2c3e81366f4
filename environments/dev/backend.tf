# Made by environments/bootstrap. A backend can't refer to values, so what
# environments/organization.json says about dev stands here again.
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-444444444444"
    key                 = "dev/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["444444444444"]
    encrypt             = true
    kms_key_id          = "alias/payments-terraform-state"
    use_lockfile        = true

    assume_role = {
      role_arn = "arn:aws:iam::444444444444:role/payments-deploy"
    }
  }
}
