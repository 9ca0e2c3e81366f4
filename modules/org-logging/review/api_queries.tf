# What to look for in an account that serves APIs. Texts compare numbers as text: access logs hold
# both. What may be missing is asked for, since a comparison with nothing says nothing.

locals {
  expected_principals = replace(var.expected.principals, "/", "\\/")

  api_queries = {
    refused_callers = {
      kinds       = ["access"]
      requirement = "10.2.1.4"
      severity    = "medium"
      threshold   = 20
      advice      = "A caller is refused again and again (401, 403): a credential that is tried out, or a merchant's broken system. Ask the merchant, or block the address in the WAF."
      query       = <<-EOT
        filter status like /^(401|403)$/
        | stats count(*) as events by user_arn, source_ip
      EOT
    }

    throttled_merchants = {
      kinds       = ["access"]
      requirement = "10.4.1"
      severity    = "low"
      threshold   = 100
      advice      = "A merchant is throttled (429): a loop in their system, a key in other hands, or a plan that is too small. Compare with their usual day."
      query       = <<-EOT
        filter status like /^429$/
        | stats count(*) as events by api_key_id, user_arn
      EOT
    }

    unusual_principals = {
      kinds       = ["access"]
      requirement = "10.2.1.1"
      severity    = "high"
      threshold   = 0
      advice      = "Requests were signed by a principal that isn't a merchant's: find out in CloudTrail who assumed the role, and take the permission away."
      query       = <<-EOT
        filter ispresent(user_arn) and user_arn != "-" and user_arn not like /${local.expected_principals}/
        | stats count(*) as events by user_arn, source_ip, api_id
      EOT
    }

    server_error_bursts = {
      kinds       = ["access"]
      requirement = "10.4.1"
      severity    = "medium"
      threshold   = 20
      advice      = "Many requests failed within five minutes (5xx): read the functions' logs of that time for what somebody may have been probing."
      query       = <<-EOT
        filter status like /^5[0-9][0-9]$/
        | stats count(*) as events by api_id, resource_path, bin(5m)
      EOT
    }

    execution_authorization_errors = {
      kinds       = ["execution"]
      requirement = "10.2.1.4"
      severity    = "medium"
      threshold   = 10
      advice      = "API Gateway itself was refused, or refused callers: a permission of an integration was taken away, or a policy was changed. Compare with the last release."
      query       = <<-EOT
        filter @message like /(?i)not authorized|invalid permissions|access ?denied/
        | stats count(*) as events by @log
      EOT
    }

    # Data protection masks by asterisks, and reports which log group it was in.
    card_numbers = {
      kinds       = ["access", "execution", "findings", "function", "service", "waf"]
      requirement = "3.4.1"
      severity    = "high"
      threshold   = 0
      advice      = "A log holds card numbers, masked for most readers: stop what writes them, then treat the log group as cardholder data until its events expire."
      query       = <<-EOT
        filter @message like /[*]{13}/ or (ispresent(auditTimestamp) and ispresent(dataIdentifiers.0.name))
        | stats count(*) as events by @log, resourceArn, dataIdentifiers.0.name
      EOT
    }

    function_errors = {
      kinds       = ["function", "service"]
      requirement = "10.4.1"
      severity    = "medium"
      threshold   = 10
      advice      = "A function or service failed often: expected failures are answers, so these are defects, outages or attacks. Read its log by the error's name."
      query       = <<-EOT
        filter level = "ERROR" or record.status in ["error", "failure", "timeout"] or @message like /Task timed out|Runtime exited/
        | stats count(*) as events by @log, error
      EOT
    }

    silent_hours = {
      compared_days = 7
      kinds         = ["access", "flow", "function", "service", "trail", "waf"]
      requirement   = "10.7.2"
      severity      = "high"
      threshold     = 0
      advice        = "A log group had no lines in hours that usually have some: logging may have been stopped. Compare with the service's metrics of these hours, and with CloudTrail."
      query         = <<-EOT
        stats count(*) as events by @log, bin(1h)
      EOT
    }
  }
}
