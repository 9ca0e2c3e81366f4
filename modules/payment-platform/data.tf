module "data" {
  source = "../data"

  name                     = local.name
  data_class               = "payments"
  deletion_protection      = var.deletion_protection
  key_deletion_window_days = var.key_deletion_window_days

  tables = {
    transactions = {
      hash_key      = "pk"
      range_key     = "sk"
      stream_view   = "NEW_AND_OLD_IMAGES"
      ttl_attribute = "expires_at"
      attributes = {
        pk               = "S"
        sk               = "S"
        unresolved_shard = "S"
        unresolved_since = "S"
      }
      # Sparse: only payments with an open operation are in it.
      indexes = {
        unresolved = {
          hash_key  = "unresolved_shard"
          range_key = "unresolved_since"
        }
      }
    }
  }
}
