# Which merchants are still served by a legacy backend: ../../docs/rollout.md.
module "rollout" {
  source = "../../modules/rollout"

  name       = "payments-${local.environment}"
  merchants  = { for id, merchant in var.merchants : id => merchant.rate_per_second }
  services   = var.rollout
  kms_key_id = "alias/payments-terraform-state"
}
