# Every day's logs are reviewed in the account that they come from; findings go to the archive too.
module "log_review" {
  source = "../../modules/org-logging/review"

  name        = "payments-${local.environment}"
  environment = local.environment
  artifact = {
    path          = "${var.release_directory}/${local.release.functions.log_review.file}"
    sha256_base64 = local.release.functions.log_review.sha256_base64
  }

  log_groups = {
    access    = [for api in module.platform.apis : api.access_log_group]
    execution = [for api in module.platform.apis : api.execution_log_group]
    findings  = [module.forwarding.findings_log_group_name]
    function  = [for function in module.platform.functions : function.log_group]
    service   = [for service in module.platform.services : service.log_group]
    waf       = [module.waf.log_group.name]
  }
  logs = { retention_days = local.log_retention_days }

  alarm_topic_arns         = [local.security_topic_arn]
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}
