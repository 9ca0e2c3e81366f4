# CloudTrail and GuardDuty register administrators through their own API, which also makes the
# service-linked roles; Organizations' API does for the others.

locals {
  administrators = {
    for service, account in var.delegated_administrators : service => local.account_ids[account]
  }
  own_registration = ["cloudtrail.amazonaws.com", "guardduty.amazonaws.com"]
}

resource "aws_cloudtrail_organization_delegated_admin_account" "trail_administrator" {
  for_each = { for service, id in local.administrators : service => id if service == "cloudtrail.amazonaws.com" }

  account_id = each.value
}

resource "aws_guardduty_organization_admin_account" "findings_administrator" {
  for_each = { for service, id in local.administrators : service => id if service == "guardduty.amazonaws.com" }

  admin_account_id = each.value

  depends_on = [aws_organizations_organization.organization]
}

resource "aws_organizations_delegated_administrator" "administrator" {
  for_each = { for service, id in local.administrators : service => id if !contains(local.own_registration, service) }

  account_id        = each.value
  service_principal = each.key

  depends_on = [aws_organizations_organization.organization]
}
