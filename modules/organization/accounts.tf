# `role_name` and `iam_user_access_to_billing` stay unset: AWS never tells them, so either would
# replace an account that was imported.
resource "aws_organizations_account" "account" {
  for_each = var.accounts

  name              = each.key
  email             = each.value.email
  parent_id         = local.unit_ids[each.value.unit]
  close_on_deletion = var.close_accounts_on_destroy

  lifecycle {
    postcondition {
      condition     = each.value.id == null ? true : self.id == each.value.id
      error_message = "AWS has the account ${each.key} under the id ${self.id}, where ${coalesce(each.value.id, "none")} was expected: write ${self.id} where the id comes from (here: environments/organization.json), also into the account's backend, and apply again."
    }
  }
}

locals {
  account_ids = { for name, account in aws_organizations_account.account : name => account.id }
}
