# A project for each stage that does something. What it does stands in its buildspec, in the source: a few calls
# of scripts, which run on a laptop too.

locals {
  plan_role   = "payments-plan"
  deploy_role = "payments-deploy"
  both_roles  = [local.plan_role, local.deploy_role]
  # Merchants of these environments are tests, and trust this account.
  merchant_roles = "merchant-*"

  # What a project does, which decides what its role may and what it is told.
  usually = { enters = [], as = [], plans = false, reads_pipeline = false, settings = {} }
  special = {
    verify      = {}
    build       = {}
    dev         = { enters = ["dev"], as = local.both_roles, plans = true }
    qa          = { enters = ["qa"], as = concat(local.both_roles, [local.merchant_roles]), plans = true }
    integration = { enters = ["integration"], as = concat(local.both_roles, [local.merchant_roles]), plans = true }
    prod-plan   = { enters = ["production"], as = [local.plan_role], plans = true }
    prod-approve = {
      reads_pipeline = true
      settings       = merge(local.of_production, local.approved_by)
    }
    prod-deploy = {
      enters         = ["production"]
      as             = [local.deploy_role]
      reads_pipeline = true
      settings       = local.approved_by
    }
    prod-shift = {
      enters         = ["production"]
      as             = local.both_roles
      plans          = true
      reads_pipeline = true
      settings       = { SHIFT = jsonencode(var.shift) }
    }
    record = { enters = keys(var.accounts), as = [local.plan_role], reads_pipeline = true }
    drift  = { enters = keys(var.accounts), as = [local.plan_role] }
  }

  projects = {
    for project, traits in local.special :
    project => merge(local.usually, traits, { settings = merge(
      length(try(traits.enters, [])) == 1 ? { ACCOUNT_ID = var.accounts[traits.enters[0]], ENVIRONMENT = traits.enters[0] } : {},
      length(try(traits.enters, [])) > 1 ? { ACCOUNTS = jsonencode(var.accounts) } : {},
      try(traits.settings, {}),
    ) })
  }

  of_production = { ACCOUNT_ID = var.accounts.production, ENVIRONMENT = "production" }
  approved_by   = { APPROVAL_ACTIONS = join(",", local.approvals) }

  project_names     = { for project in keys(local.projects) : project => "${var.name}-${project}" }
  project_arns      = { for project, name in local.project_names : project => "arn:${local.partition}:codebuild:${local.region}:${local.account_id}:project/${name}" }
  project_role_arns = { for project, name in local.project_names : project => "arn:${local.partition}:iam::${local.account_id}:role/${name}" }

  told = {
    ARTIFACT_BUCKET  = local.bucket_name
    ARTIFACT_KEY_ARN = aws_kms_key.artifacts.arn
    PIPELINE_NAME    = var.name
    PLAN_KEY         = local.signing_aliases.plan
    RELEASE_KEY      = local.signing_aliases.release
  }
}

resource "aws_codebuild_project" "stage" {
  for_each = local.projects

  name                   = local.project_names[each.key]
  description            = "Runs .pipeline/buildspecs/${each.key}.yml"
  service_role           = aws_iam_role.project[each.key].arn
  encryption_key         = aws_kms_key.artifacts.arn
  build_timeout          = var.time_budget.minutes[each.key]
  queued_timeout         = 60
  concurrent_build_limit = 1

  # The pipeline hands each stage its source; drift is looked for with what was released last.
  source {
    type                = each.key == "drift" ? "S3" : "CODEPIPELINE"
    location            = each.key == "drift" ? "${local.bucket_name}/${local.released_source}" : null
    buildspec           = ".pipeline/buildspecs/${each.key}.yml"
    report_build_status = false
  }

  artifacts {
    type                = each.key == "drift" ? "NO_ARTIFACTS" : "CODEPIPELINE"
    encryption_disabled = false
  }

  environment {
    type            = "ARM_CONTAINER"
    image           = var.build_environment.image
    compute_type    = var.build_environment.compute_type
    privileged_mode = false

    dynamic "environment_variable" {
      for_each = merge(local.told, each.value.settings, { STAGE = each.key })
      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.project[each.key].name
      status     = "ENABLED"
    }
  }

  dynamic "vpc_config" {
    for_each = var.network[*]
    content {
      vpc_id             = vpc_config.value.vpc_id
      subnets            = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # CodeBuild looks whether the role may use the network when the project is made.
  depends_on = [aws_iam_role_policy.project]
}

resource "aws_cloudwatch_log_group" "project" {
  for_each = local.projects

  name              = "/aws/codebuild/${local.project_names[each.key]}"
  kms_key_id        = aws_kms_key.artifacts.arn
  retention_in_days = var.log_retention_days
}
