# Who may come to the archive's buckets and keys, whatever their own policies say.

locals {
  resource_control_policies = {
    "${var.name}-log-perimeter" = {
      description = "Opens the archive's buckets and keys to this organization alone"
      units       = ["Archive"]
      statements = [
        {
          Sid       = "OutsidePrincipals"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["kms:*", "s3:*"]
          Resource  = "*"
          Condition = {
            StringNotEqualsIfExists = { "aws:PrincipalOrgID" = local.organization.id }
            BoolIfExists            = { "aws:PrincipalIsAWSService" = "false" }
          }
        },
        {
          # A service that acts for somebody says for whom.
          Sid       = "ServicesForOutsiders"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["kms:*", "s3:*"]
          Resource  = "*"
          Condition = {
            StringNotEqualsIfExists = { "aws:SourceOrgID" = local.organization.id }
            Null                    = { "aws:SourceAccount" = "false" }
            Bool                    = { "aws:PrincipalIsAWSService" = "true" }
          }
        },
      ]
    }
  }
}
