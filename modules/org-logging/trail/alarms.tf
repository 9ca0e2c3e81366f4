# What nobody but the deploying role does to logging, in any account of the organization. An attempt
# that was refused counts too: service control policies refuse, this tells.

locals {
  watched = {
    archive = {
      description = "Somebody tries to change how the archive keeps logs"
      events = [
        "DeleteBucket", "DeleteBucketLifecycle", "DeleteBucketPolicy", "DeleteDeliveryStream", "DeleteDestination",
        "PutBucketLifecycle", "PutBucketObjectLockConfiguration", "PutBucketPolicy", "PutBucketVersioning", "PutDestinationPolicy",
        "PutObjectLockConfiguration",
      ]
    }
    forwarding = {
      description = "Somebody tries to keep logs from the archive"
      events = [
        "DeleteAccountPolicy", "DeleteDataProtectionPolicy", "DeleteFlowLogs", "DeleteLogGroup", "DeleteLogStream",
        "DeleteSubscriptionFilter", "PutAccountPolicy", "PutRetentionPolicy", "PutSubscriptionFilter",
      ]
    }
    # By whomever: SCPs don't bind this account, and a release that changes them is worth a look.
    guardrails = {
      description = "Somebody changes what guards the organization's accounts"
      source      = "organizations.amazonaws.com"
      events = [
        "DeletePolicy", "DeregisterDelegatedAdministrator", "DetachPolicy", "DisablePolicyType", "LeaveOrganization", "MoveAccount",
        "RemoveAccountFromOrganization", "UpdatePolicy",
      ]
    }
    keys = {
      description = "Somebody tries to take a key away"
      events      = ["DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion"]
    }
    trail = {
      description = "Somebody tries to change what the trail logs"
      events      = ["DeleteTrail", "PutEventSelectors", "PutInsightSelectors", "StopLogging", "UpdateTrail"]
    }
  }

  # Users and the root user have no role, and a comparison with nothing is never true.
  role = "$.userIdentity.sessionContext.sessionIssuer.userName"
  exemptions = join("", [
    for name in sort(var.exempt_role_names) : " && ((${local.role} NOT EXISTS) || (${local.role} != \"${name}\"))"
  ])
}

locals {
  narrowed = {
    for name, watched in local.watched :
    name => can(watched.source) ? " && ($.eventSource = \"${watched.source}\")" : local.exemptions
  }
}

resource "aws_cloudwatch_log_metric_filter" "tampering" {
  for_each = local.watched

  name           = "${var.name}-${each.key}"
  log_group_name = local.log_group_name
  pattern        = "{ (${join(" || ", [for event in each.value.events : "($.eventName = \"${event}\")"])})${local.narrowed[each.key]} }"

  metric_transformation {
    name      = "Tampering-${each.key}"
    namespace = "OrgLogging/${var.name}"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "tampering" {
  for_each = local.watched

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.description}: look for the call in ${local.log_group_name}"
  namespace           = "OrgLogging/${var.name}"
  metric_name         = aws_cloudwatch_log_metric_filter.tampering[each.key].metric_transformation[0].name
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

# Whoever becomes a role that is there for emergencies, or tries to, in any account. A refused call is reported
# without its parameters; the message names the role.
locals {
  emergency_roles = toset(var.emergency_role_names)
}

resource "aws_cloudwatch_log_metric_filter" "emergency" {
  for_each = local.emergency_roles

  name           = "${var.name}-${each.key}"
  log_group_name = local.log_group_name
  pattern        = "{ ($.eventName = \"AssumeRole\") && (($.requestParameters.roleArn = \"*:role/${each.key}\") || ($.errorMessage = \"*:role/${each.key}*\")) }"

  metric_transformation {
    name      = "Emergency-${each.key}"
    namespace = "OrgLogging/${var.name}"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "emergency" {
  for_each = local.emergency_roles

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "Somebody becomes ${each.key}, or tries to: look for the call in ${local.log_group_name}"
  namespace           = "OrgLogging/${var.name}"
  metric_name         = aws_cloudwatch_log_metric_filter.emergency[each.key].metric_transformation[0].name
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

# An organization is never silent for an hour: it is the trail that is.
resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "${var.name}-silent"
  alarm_description   = "${local.log_group_name} got no event for an hour: the trail is stopped, or can't write"
  namespace           = "AWS/Logs"
  metric_name         = "IncomingLogEvents"
  dimensions          = { LogGroupName = local.log_group_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
}
