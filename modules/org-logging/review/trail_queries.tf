# What to look for in the organization's trail: every account's calls are in its log group.

locals {
  guarded_buckets = replace(var.expected.guarded_buckets, "/", "\\/")
  issuer          = "userIdentity.sessionContext.sessionIssuer.userName"
  not_deploying   = "(not ispresent(${local.issuer}) or ${local.issuer} != \"${var.expected.deploy_role}\")"
  # A release changes keys and log groups of its own account, but the archive's need a look.
  not_released = (
    var.expected.archive_account_id == "" ? local.not_deploying : "(recipientAccountId = \"${var.expected.archive_account_id}\" or ${local.not_deploying})"
  )

  organization_changes = [
    "AttachPolicy", "CreatePolicy", "DeleteOrganization", "DeletePolicy", "DeleteResourcePolicy",
    "DeregisterDelegatedAdministrator", "DetachPolicy", "DisableAWSServiceAccess", "DisablePolicyType",
    "EnablePolicyType", "LeaveOrganization", "MoveAccount", "PutResourcePolicy",
    "RegisterDelegatedAdministrator", "RemoveAccountFromOrganization", "UpdatePolicy",
  ]
  logging_changes = [
    "DeleteAccountPolicy", "DeleteDataProtectionPolicy", "DeleteDeliveryStream", "DeleteDestination",
    "DeleteDetector", "DeleteFlowLogs", "DeleteLogGroup", "DeleteLogStream", "DeleteSubscriptionFilter",
    "DisableKey", "DisableKeyRotation", "PutAccountPolicy", "PutDataProtectionPolicy", "PutDestination",
    "PutDestinationPolicy", "PutKeyPolicy", "PutRetentionPolicy", "PutSubscriptionFilter",
    "ScheduleKeyDeletion", "StopConfigurationRecorder", "UpdateDestination",
  ]

  trail_queries = {
    root_use = {
      kinds       = ["trail"]
      requirement = "10.2.1.2"
      severity    = "high"
      threshold   = 0
      advice      = "An account's root user did something: ask its holders at once. If it wasn't they, lock the account by service control policy and call AWS."
      query       = <<-EOT
        filter userIdentity.type = "Root" and not ispresent(userIdentity.invokedBy) and eventType != "AwsServiceEvent"
        | stats count(*) as events by recipientAccountId, eventName, sourceIPAddress
      EOT
    }

    console_without_mfa = {
      kinds       = ["trail"]
      requirement = "10.2.1.2"
      severity    = "high"
      threshold   = 0
      advice      = "Somebody signed in to the console without a second factor: end the session, and require the factor before the user may sign in again."
      query       = <<-EOT
        filter eventName = "ConsoleLogin" and responseElements.ConsoleLogin = "Success" and userIdentity.type in ["IAMUser", "Root"]
          and (not ispresent(additionalEventData.MFAUsed) or additionalEventData.MFAUsed != "Yes")
        | stats count(*) as events by recipientAccountId, userIdentity.arn, sourceIPAddress
      EOT
    }

    guardrail_changes = {
      kinds       = ["trail"]
      requirement = "10.2.1.6"
      severity    = "high"
      threshold   = 0
      advice      = "Something that protects the logs was changed, or somebody tried: a policy of the organization, the trail, a bucket, key, destination or filter of the archive. There must be an approved change for it; otherwise undo it."
      query       = <<-EOT
        filter (eventSource = "organizations.amazonaws.com" and eventName in ${jsonencode(local.organization_changes)})
          or (eventSource = "cloudtrail.amazonaws.com" and eventName like /^(Delete|Update|Put|Stop|Deregister)/)
          or (eventSource = "s3.amazonaws.com" and eventName like /^(Put|Delete)Bucket|BypassGovernance|^DeleteBucket$/ and requestParameters.bucketName like /${local.guarded_buckets}/)
          or (eventName in ${jsonencode(local.logging_changes)} and ${local.not_released})
        | stats count(*) as events by recipientAccountId, eventName, userIdentity.arn, errorCode
      EOT
    }

    break_glass_use = {
      kinds       = ["trail"]
      requirement = "10.2.1.2"
      severity    = "high"
      threshold   = 0
      advice      = "The role for emergencies was assumed, or somebody tried: there must be an incident that names who, when and why."
      query       = <<-EOT
        filter (eventName = "AssumeRole" and requestParameters.roleArn like /:role\/${var.expected.break_glass_role}$/) or ${local.issuer} = "${var.expected.break_glass_role}"
        | stats count(*) as events by recipientAccountId, eventName, userIdentity.arn, sourceIPAddress
      EOT
    }

    access_denied_bursts = {
      kinds       = ["trail"]
      requirement = "10.2.1.4"
      severity    = "medium"
      threshold   = 25
      advice      = "A principal was refused many calls: credentials that are tried out, or a role that lost a permission. Ask its owner; if nobody knows, revoke its sessions."
      query       = <<-EOT
        filter errorCode like /AccessDenied|UnauthorizedOperation/
        | stats count(*) as events by recipientAccountId, userIdentity.arn, sourceIPAddress
      EOT
    }

    iam_changes = {
      kinds       = ["trail"]
      requirement = "10.2.1.5"
      severity    = "high"
      threshold   = 0
      advice      = "Roles, users, keys or policies were changed by another than the deploy role: there must be an approved change for it; otherwise undo it and revoke the sessions."
      query       = <<-EOT
        filter eventSource = "iam.amazonaws.com" and eventName like /^(Add|Attach|Change|Create|Deactivate|Delete|Detach|Enable|Put|Remove|Reset|Set|Tag|Untag|Update|Upload)/
          and not ispresent(errorCode) and userIdentity.type != "AWSService" and ${local.not_deploying}
        | stats count(*) as events by recipientAccountId, eventName, userIdentity.arn
      EOT
    }
  }
}
