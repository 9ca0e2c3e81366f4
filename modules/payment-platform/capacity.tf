# Everything that bounds load follows from what the payments service was tested for.

locals {
  # What each service's API takes. A merchant's plan has the same share of each of them, and bursts are
  # everyone's: a page is some requests at once, too.
  service_capacity = {
    payments = {
      burst                   = var.capacity.burst
      held_for                = ["capturePayment", "refundPayment", "voidPayment"]
      held_percent            = var.capacity.held_percent
      transactions_per_second = var.capacity.transactions_per_second
    }
    # Merchants that ask for a score themselves, before they authorize.
    fraud = {
      burst                   = var.capacity.burst
      transactions_per_second = var.capacity.transactions_per_second * var.capacity.fraud_percent / 100
    }
    # People, who look less often than machines pay.
    dashboard = {
      burst                   = var.capacity.burst
      transactions_per_second = var.capacity.transactions_per_second * var.capacity.dashboard_percent / 100
    }
  }

  # Nothing but captures, refunds and voids may use more of the payments API.
  open_percent = 100 - var.capacity.held_percent

  # Little's law: requests under way are those that arrive in a second times the seconds that one takes.
  # On top come as many as a full bucket lets in at one instant: that is the most that the plans admit.
  under_way = var.capacity.transactions_per_second * var.capacity.seconds_per_transaction

  reserved_concurrency = {
    transaction_gateway = ceil(local.under_way + var.capacity.burst)
    tokenizer           = ceil((local.under_way + var.capacity.burst) * local.open_percent / 100)
  }
  # Started before they are needed: those under way, since a burst is rare.
  provisioned_concurrency = {
    transaction_gateway = ceil(local.under_way * var.capacity.warm_percent / 100)
    tokenizer           = ceil(local.under_way * local.open_percent * var.capacity.warm_percent / 10000)
  }

  # Every authorization asks for a score, and merchants ask at the service's own API.
  fraud_scores_per_second = var.capacity.transactions_per_second * local.open_percent / 100 + local.service_capacity.fraud.transactions_per_second

  # Of every API a merchant has the share that its plan has of the payments.
  clients = {
    for service, capacity in local.service_capacity : service => {
      for id, merchant in var.merchants : id => {
        api_key         = { id = aws_api_gateway_api_key.merchant[id].id } # one for all APIs
        burst           = merchant.burst
        daily_quota     = merchant.daily_quota
        operations      = service == "payments" ? merchant.operations : {}
        rate_per_second = merchant.rate_per_second * capacity.transactions_per_second / var.capacity.transactions_per_second
      }
    }
  }
}
