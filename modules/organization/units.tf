# The guardrails differ by unit, so the units belong to them.
resource "aws_organizations_organizational_unit" "unit" {
  for_each = toset(["Archive", "Infrastructure", "Workloads"])

  name      = each.key
  parent_id = local.organization.root_id
}

resource "aws_organizations_organizational_unit" "workload_unit" {
  for_each = toset(["NonProduction", "Production"])

  name      = each.key
  parent_id = aws_organizations_organizational_unit.unit["Workloads"].id
}

locals {
  unit_ids = {
    for name, unit in merge(
      aws_organizations_organizational_unit.unit,
      aws_organizations_organizational_unit.workload_unit,
    ) : name => unit.id
  }

  target_ids = merge(local.unit_ids, { Root = local.organization.root_id })
}
