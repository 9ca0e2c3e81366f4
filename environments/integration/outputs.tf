output "apis" {
  description = "APIs by version and service, such as `v1/payments`: id, stage, invoke URL, names of the log groups, service, version and its state."
  value       = module.platform.apis
}

output "controls" {
  description = "PCI DSS requirements that the environment meets, by module."
  value = merge(module.platform.controls, {
    domain     = module.domain.controls
    forwarding = module.forwarding.controls
    log_review = module.log_review.controls
    waf        = module.waf.controls
  })
}

output "domain" {
  description = "The domain name, and by path where each API is found under it."
  value = {
    addresses = module.domain.addresses
    name      = module.domain.domain_name
  }
}

output "forwarding" {
  description = "Where the account's logs go, by which policy, and the group with findings of card numbers."
  value = {
    destination_arn          = module.forwarding.destination_arn
    findings_log_group_name  = module.forwarding.findings_log_group_name
    subscription_policy_name = module.forwarding.subscription_policy_name
  }
}

output "functions" {
  description = "Functions by name: name, alias, log group, dead-letter queue, schedule and version."
  value       = module.platform.functions
}

output "log_review" {
  description = "The daily log review: its function and schedule, the log group of its findings, and names of its alarms."
  value = {
    alarm_names        = module.log_review.alarm_names
    function           = module.log_review.function
    log_group          = module.log_review.log_group.name
    schedule_rule_name = module.log_review.schedule_rule_name
  }
}

output "merchants" {
  description = "Merchants by id: role to assume, API key, and usage plans by API."
  value       = module.platform.merchants
}

output "observability" {
  description = "Names of the dashboard, of the alarms on objectives, and of the query that follows one request."
  value       = module.platform.observability
}

output "rollout" {
  description = "Services under way from a legacy backend: phase, merchants on the new one, their share, and the parameter that notes it."
  value       = module.rollout.services
}

output "services" {
  description = "Services on ECS by name: name, cluster, log group, image repository and address in the VPC."
  value       = module.platform.services
}

output "tables" {
  description = "Tables by name: ARN and name."
  value       = module.platform.tables
}

output "waf" {
  description = "The web ACL before every API: ARN and name, and the log group of what it judged."
  value = {
    arn       = module.waf.web_acl.arn
    log_group = module.waf.log_group.name
    name      = module.waf.web_acl.name
  }
}
