locals {
  # Inside the definition rather than attached to the API: importing a definition
  # replaces the policy, so apart from it there would be a moment without one.
  resource_policy = {
    Version   = "2012-10-17"
    Statement = concat(local.deny_statements, local.other_account_statements)
  }

  any_api_of_this_account = "arn:${local.partition}:execute-api:${local.region}:${local.account_id}:*/*"
  other_account_ids       = setsubtract(var.allowed_account_ids, [local.account_id])

  # Principals of this account need no Allow here: their IAM policy is enough,
  # and an Allow here would be enough without one.
  deny_statements = [
    {
      Sid       = "RefuseOtherAccounts"
      Effect    = "Deny"
      Principal = "*"
      Action    = "execute-api:Invoke"
      Resource  = local.any_api_of_this_account
      Condition = {
        StringNotEquals = { "aws:PrincipalAccount" = sort(concat([local.account_id], tolist(local.other_account_ids))) }
      }
    },
    {
      Sid       = "RefuseInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "execute-api:Invoke"
      Resource  = local.any_api_of_this_account
      Condition = {
        Bool = { "aws:SecureTransport" = "false" }
      }
    },
  ]

  other_account_statements = [
    for account_id in sort(local.other_account_ids) : {
      Sid       = "Allow${account_id}"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${account_id}:root" }
      Action    = "execute-api:Invoke"
      Resource  = local.any_api_of_this_account
    }
  ]
}
