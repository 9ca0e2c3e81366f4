# What AWS WAF's documentation says that statements cost, in web ACL capacity units. The real sum is
# `capacity` of the web ACL, known after an apply only, when a sum of over 5000 has failed already.

locals {
  transformation_units = 10 # each, but for NONE
  statement_units = {
    address_set          = 1
    country              = 1
    cross_site_scripting = 40 # a JSON body costs double
    custom_rate_key      = 30
    rate                 = 2
    size                 = 1
    sql_injection        = 20 # at low sensitivity; a JSON body costs double
  }

  # Query and path, decoded, and the JSON body.
  signature_units = {
    cross-site-scripting = 4 * local.statement_units.cross_site_scripting + 2 * local.transformation_units
    sql-injection        = 4 * local.statement_units.sql_injection + 2 * local.transformation_units
  }

  capacity_by_rule = merge(
    {
      allow-addresses = 2 * local.statement_units.address_set
      body-size       = local.statement_units.size
      deny-addresses  = 2 * local.statement_units.address_set
    },
    length(setunion(var.countries.never, var.countries.only)) == 0 ? {} : { countries = local.statement_units.country },
    { for name in var.signatures : name => local.signature_units[name] },
    { for name, rate in local.rates : name => local.statement_units.rate + length(rate.key_headers) * local.statement_units.custom_rate_key },
    { for name, group in local.groups : name => group.capacity },
  )

  capacity = sum(values(local.capacity_by_rule))
}
