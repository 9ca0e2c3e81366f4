# Every day's logs are reviewed in the account that they come from; findings go to the archive too.
module "log_review" {
  source = "../../modules/org-logging/review"

  name        = "payments-${local.environment}"
  environment = local.environment
  artifact = {
    path          = "${var.release_directory}/${local.review_artifact.file}"
    sha256_base64 = local.review_artifact.sha256_base64
  }

  log_groups = {
    access    = [for api in module.platform.apis : api.access_log_group]
    execution = [for api in module.platform.apis : api.execution_log_group]
    findings  = [module.forwarding.findings_log_group_name]
    function  = [for function in module.platform.functions : function.log_group]
    service   = [for service in module.platform.services : service.log_group]
    waf       = [module.waf.log_group.name]
  }
  logs = { retention_days = 90 }

  alarm_topic_arns         = [local.security_topic_arn]
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}

locals {
  review_artifact = jsondecode(file("${var.release_directory}/release.json")).log_review
}
