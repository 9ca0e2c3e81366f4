# The four sets always exist, if empty. A web ACL that stops naming a set and the set's deletion come
# in one apply, which AWS refuses while the change is under way; and whoever has to deny an address
# in a hurry changes a set, and no rule.
resource "aws_wafv2_ip_set" "addresses" {
  for_each = local.address_sets

  name               = "${var.name}-${each.key}"
  description        = "${each.value.version} addresses whose requests ${each.value.meaning}"
  scope              = "REGIONAL"
  ip_address_version = each.value.version
  addresses          = each.value.addresses
}

locals {
  address_sets = {
    allow-ipv4 = {
      addresses = [for address in var.addresses.allow : address if !strcontains(address, ":")]
      meaning   = "pass the rules about senders"
      version   = "IPV4"
    }
    allow-ipv6 = {
      addresses = [for address in var.addresses.allow : address if strcontains(address, ":")]
      meaning   = "pass the rules about senders"
      version   = "IPV6"
    }
    deny-ipv4 = {
      addresses = [for address in var.addresses.deny : address if !strcontains(address, ":")]
      meaning   = "are refused"
      version   = "IPV4"
    }
    deny-ipv6 = {
      addresses = [for address in var.addresses.deny : address if strcontains(address, ":")]
      meaning   = "are refused"
      version   = "IPV6"
    }
  }

  sets_by_rule = {
    for rule, list in { allow-addresses = "allow", deny-addresses = "deny" } : rule => [
      for version in ["ipv4", "ipv6"] : aws_wafv2_ip_set.addresses["${list}-${version}"].arn
    ]
  }
}
