# The way past the guardrails leads through the management account, which they don't bind: there
# they are lifted, and from there member accounts are entered.

data "aws_service" "sts" {
  service_id = "sts"
}

locals {
  break_glass      = { for access in var.break_glass[*] : "${var.name}-break-glass" => access }
  break_glass_role = "arn:${local.partition}:iam::${local.management_id}:role/${var.name}-break-glass"
  own_organization = "arn:${local.partition}:organizations::${local.management_id}"
}

resource "aws_iam_role" "break_glass" {
  for_each = local.break_glass

  name                 = each.key
  description          = "Lifts guardrails in an emergency; every use raises an alarm"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NamedPeopleWithMfa"
      Effect    = "Allow"
      Principal = { AWS = sort(each.value.user_arns) }
      Action    = "sts:AssumeRole"
      Condition = {
        Bool                  = { "aws:MultiFactorAuthPresent" = "true" }
        NumericLessThanEquals = { "aws:MultiFactorAuthAge" = "3600" }
        StringEquals = {
          # STS reports a use in the region that was asked: the alarm listens in one.
          "aws:RequestedRegion" = data.aws_service.sts.region
          "sts:RoleSessionName" = "$${aws:username}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "break_glass" {
  for_each = local.break_glass

  name = "lift-guardrails"
  role = aws_iam_role.break_glass[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "SeeOrganization"
        Effect   = "Allow"
        Action   = ["organizations:Describe*", "organizations:List*"]
        Resource = "*"
      },
      {
        Sid    = "LiftGuardrails"
        Effect = "Allow"
        Action = ["organizations:AttachPolicy", "organizations:DetachPolicy", "organizations:UpdatePolicy"]
        Resource = [
          for kind in ["account", "ou", "policy", "root"] : "${local.own_organization}:${kind}/*"
        ]
      },
      {
        Sid       = "EnterMemberAccounts"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Resource  = [for role in ["OrganizationAccountAccessRole", "${var.name}-breakglass"] : "arn:${local.partition}:iam::*:role/${role}"]
        Condition = { StringEquals = { "aws:ResourceOrgID" = local.organization.id } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "break_glass_use" {
  for_each = local.break_glass

  name        = "${each.key}-use"
  description = "Somebody becomes ${each.key}, or tries to"
  # Calls of STS count as reading, which a rule is told only if it asks.
  state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

  event_pattern = jsonencode({
    source      = ["aws.sts"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventName = ["AssumeRole"]
      # A refused call is reported without its parameters; the message names the role.
      "$or" = [
        { requestParameters = { roleArn = [local.break_glass_role] } },
        { errorMessage = [{ wildcard = "*${local.break_glass_role}*" }] },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "break_glass_use" {
  for_each = local.break_glass

  rule      = aws_cloudwatch_event_rule.break_glass_use[each.key].name
  target_id = "alarm"
  arn       = each.value.alarm_topic_arn

  input_transformer {
    input_paths = {
      error  = "$.detail.errorCode"
      person = "$.detail.userIdentity.arn"
      source = "$.detail.sourceIPAddress"
      time   = "$.detail.eventTime"
    }
    input_template = "\"<person> used ${each.key} from <source> at <time>. Refused with: <error>\""
  }
}
