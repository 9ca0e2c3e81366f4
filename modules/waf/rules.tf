# Which rules there are, in which order, and what each inspects. First what is sent, then who sends:
# an allowed address is spared the second half only.

locals {
  rule_order = concat(
    ["deny-addresses", "body-size", "sql-injection", "cross-site-scripting"],
    [for name, group in local.groups : name if !group.about_senders],
    ["allow-addresses", "countries"],
    [for name, group in local.groups : name if group.about_senders],
    ["rate-by-address", "rate-by-forwarded-address", "rate-by-api-key"],
  )

  # A rule keeps its place while another one isn't there.
  priorities = { for index, name in local.rule_order : name => index + 1 }
  rule_names = [for name in local.rule_order : name if contains(keys(local.capacity_by_rule), name)]

  actions = {
    for name in local.rule_names : name => (
      name == "allow-addresses" ? "allow" : contains(keys(var.count_until), name) ? "count" : "block"
    )
  }

  # Lists of addresses, which the vendor changes all the time and without versions.
  groups_about_senders = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesAnonymousIpList"]

  groups = {
    for key, group in var.managed_rule_groups : "managed-${key}" => merge(group, {
      about_senders = contains(local.groups_about_senders, group.name)
    })
  }

  refused_countries = [for codes in [var.countries.never] : codes if length(codes) > 0]
  only_countries    = [for codes in [var.countries.only] : codes if length(codes) > 0]

  rates = {
    for name, rate in {
      rate-by-address = {
        forwarded_in = []
        key_headers  = []
        key_type     = "IP"
        requests     = var.rate_limits.by_address
      }
      rate-by-api-key = {
        forwarded_in = []
        key_headers  = ["x-api-key"]
        key_type     = "CUSTOM_KEYS"
        requests     = var.rate_limits.by_api_key
      }
      rate-by-forwarded-address = {
        forwarded_in = [try(var.rate_limits.by_forwarded_address.header, null)]
        key_headers  = []
        key_type     = "FORWARDED_IP"
        requests     = try(var.rate_limits.by_forwarded_address.requests, null)
      }
    } : name => rate if rate.requests != null
  }
}
