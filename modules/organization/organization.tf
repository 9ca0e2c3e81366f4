data "aws_caller_identity" "management" {}
data "aws_partition" "current" {}

resource "aws_organizations_organization" "organization" {
  count = var.organization_exists ? 0 : 1

  feature_set                   = "ALL"
  enabled_policy_types          = local.policy_types
  aws_service_access_principals = setunion(var.trusted_services, keys(var.delegated_administrators))
}

data "aws_organizations_organization" "existing" {
  count = var.organization_exists ? 1 : 0

  lifecycle {
    postcondition {
      condition     = self.feature_set == "ALL"
      error_message = "The organization only has consolidated billing, which knows no policies: enable all features first (Organizations, Settings)."
    }

    postcondition {
      condition     = length(setsubtract(local.policy_types, [for type in self.roots[0].policy_types : type.type if type.status == "ENABLED"])) == 0
      error_message = "The organization must have these policy types enabled: ${join(", ", local.policy_types)}. Enable them (Organizations, Policies), or import the organization and leave `organization_exists` false."
    }
  }
}

locals {
  policy_types = ["RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"]

  organization  = var.organization_exists ? local.found : local.made
  found         = one([for each in data.aws_organizations_organization.existing : { id = each.id, root_id = each.roots[0].id }])
  made          = one([for each in aws_organizations_organization.organization : { id = each.id, root_id = each.roots[0].id }])
  management_id = data.aws_caller_identity.management.account_id
  partition     = data.aws_partition.current.partition
}
