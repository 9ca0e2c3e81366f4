# GuardDuty switched itself on in this account when the account became its administrator.

locals {
  guardduty = { for detection in var.guardduty[*] : detection.detector_id => detection }
}

resource "aws_guardduty_organization_configuration" "organization" {
  for_each = local.guardduty

  detector_id                      = each.key
  auto_enable_organization_members = "ALL"
}

resource "aws_guardduty_organization_configuration_feature" "feature" {
  for_each = merge([
    for id, detection in local.guardduty : { for feature in detection.features : feature => id }
  ]...)

  detector_id = aws_guardduty_organization_configuration.organization[each.value].detector_id
  name        = each.key
  auto_enable = "ALL"
}

resource "aws_cloudwatch_event_rule" "finding" {
  count = var.guardduty == null ? 0 : 1

  name        = "${var.name}-guardduty-finding"
  description = "GuardDuty found something of severity ${var.least_severity} or more"

  event_pattern = jsonencode({
    source      = ["aws.guardduty"]
    detail-type = ["GuardDuty Finding"]
    detail      = { severity = [{ numeric = [">=", var.least_severity] }] }
  })
}

resource "aws_cloudwatch_event_target" "finding" {
  for_each = var.guardduty == null ? [] : var.alarm_topic_arns

  rule = aws_cloudwatch_event_rule.finding[0].name
  arn  = each.value
}
