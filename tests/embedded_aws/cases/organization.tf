resource "aws_organizations_organization" "organization" {
  feature_set                   = "ALL"
  enabled_policy_types          = ["RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"]
  aws_service_access_principals = ["cloudtrail.amazonaws.com", "guardduty.amazonaws.com", "iam.amazonaws.com"]
}

resource "aws_organizations_organizational_unit" "archive" {
  name      = "Archive"
  parent_id = aws_organizations_organization.organization.roots[0].id
}

resource "aws_organizations_organizational_unit" "workloads" {
  name      = local.changed ? "Workloads" : "Services"
  parent_id = aws_organizations_organization.organization.roots[0].id
}

resource "aws_organizations_account" "archive" {
  name              = "log-archive"
  email             = "archive@payments.example"
  parent_id         = local.changed ? aws_organizations_organizational_unit.archive.id : aws_organizations_organizational_unit.workloads.id
  close_on_deletion = true
}

resource "aws_organizations_policy" "trail" {
  name        = "trail"
  description = "Revision ${var.revision}"
  type        = "SERVICE_CONTROL_POLICY"

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Trail", Effect = "Deny", Action = ["cloudtrail:StopLogging"], Resource = "*" }]
  })

  depends_on = [aws_organizations_organization.organization]
}

resource "aws_organizations_policy" "perimeter" {
  name = "perimeter"
  type = "RESOURCE_CONTROL_POLICY"

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OutsidePrincipals"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["kms:*", "s3:*"]
      Resource  = "*"
      Condition = { StringNotEqualsIfExists = { "aws:PrincipalOrgID" = aws_organizations_organization.organization.id } }
    }]
  })
}

resource "aws_organizations_policy_attachment" "trail" {
  for_each = {
    account = aws_organizations_account.archive.id
    root    = aws_organizations_organization.organization.roots[0].id
    unit    = aws_organizations_organizational_unit.archive.id
  }

  policy_id = aws_organizations_policy.trail.id
  target_id = each.value
}

resource "aws_organizations_policy_attachment" "perimeter" {
  policy_id = aws_organizations_policy.perimeter.id
  target_id = aws_organizations_organizational_unit.archive.id
}

resource "aws_organizations_resource_policy" "readers" {
  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ReadPolicies"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${aws_organizations_account.archive.id}:root" }
      Action    = local.changed ? ["organizations:DescribePolicy", "organizations:ListPolicies"] : ["organizations:ListPolicies"]
      Resource  = "*"
    }]
  })
}

resource "aws_organizations_delegated_administrator" "config" {
  account_id        = aws_organizations_account.archive.id
  service_principal = "config.amazonaws.com"
}

resource "aws_cloudtrail_organization_delegated_admin_account" "archive" {
  account_id = aws_organizations_account.archive.id

  depends_on = [aws_organizations_organization.organization]
}

resource "aws_guardduty_organization_admin_account" "archive" {
  admin_account_id = aws_organizations_account.archive.id
}

resource "aws_guardduty_detector" "findings" {
  enable = true
}

resource "aws_guardduty_organization_configuration" "findings" {
  detector_id                      = aws_guardduty_detector.findings.id
  auto_enable_organization_members = local.changed ? "ALL" : "NEW"
}

resource "aws_guardduty_organization_configuration_feature" "objects" {
  detector_id = aws_guardduty_organization_configuration.findings.detector_id
  name        = "S3_DATA_EVENTS"
  auto_enable = local.changed ? "ALL" : "NEW"
}
