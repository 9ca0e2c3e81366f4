# Made by environments/bootstrap. A backend can't refer to values, so what
# environments/organization.json says about log-archive stands here again.
terraform {
  backend "s3" {
    bucket              = "payments-terraform-state-222222222222"
    key                 = "log-archive/terraform.tfstate"
    region              = "eu-west-1"
    allowed_account_ids = ["222222222222"]
    encrypt             = true
    kms_key_id          = "alias/payments-terraform-state"
    use_lockfile        = true

    assume_role = {
      role_arn = "arn:aws:iam::222222222222:role/payments-deploy"
    }
  }
}
