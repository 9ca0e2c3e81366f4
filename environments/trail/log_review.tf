# Every day's calls of the AWS APIs, in all accounts, are reviewed where the trail's events are.
module "log_review" {
  source = "../../modules/org-logging/review"

  name        = "payments-organization"
  environment = local.environment
  artifact = {
    path          = "${var.release_directory}/${local.review_artifact.file}"
    sha256_base64 = local.review_artifact.sha256_base64
  }

  log_groups = { trail = [module.trail.log_group_name] }
  expected   = { archive_account_id = local.archive_id }

  # Made by environments/management.
  alarm_topic_arns         = ["arn:aws:sns:${local.known.region}:${local.account_id}:payments-security"]
  permissions_boundary_arn = "arn:aws:iam::${local.account_id}:policy/payments-workload-boundary"
}

locals {
  review_artifact = jsondecode(file("${var.release_directory}/release.json")).functions.log_review
}
