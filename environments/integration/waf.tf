# Before every API of the account. Whoever stays below these rates and is too fast all the same gets a
# plan's or a stage's 429; these are for floods that shouldn't get that far.
module "waf" {
  source = "../../modules/waf"

  name = "payments-${local.environment}"

  rate_limits = {
    by_address     = 60 * 2 * local.capacity.transactions_per_second
    by_api_key     = 60 * 2 * local.capacity.transactions_per_second
    window_seconds = 60
  }
  signatures       = ["cross-site-scripting", "sql-injection"]
  maximum_capacity = 2000 # the signatures are evaluated on laptops too, and are worth 500 more

  key_deletion_window_days = local.key_deletion_window_days
  logs                     = { retention_days = local.log_retention_days }
}
