# Who becomes which role. The tooling account's root stands for all that its policies let; conditions leave
# the pipeline's own roles of them, each where its stage works.

locals {
  pipeline     = "payments-delivery"
  tooling_id   = local.organization.accounts.tooling
  tooling_root = { AWS = "arn:aws:iam::${local.tooling_id}:root" }
  every_stage  = "arn:aws:iam::${local.tooling_id}:role/${local.pipeline}-*"

  # Projects of modules/delivery. Production is planned by one and changed by another.
  stages = {
    deploy = local.in_production ? ["prod-deploy", "prod-shift"] : [var.environment]
    plan   = concat(local.in_production ? ["prod-plan", "prod-shift"] : [var.environment], ["drift", "record"])
  }
  in_production = var.environment == "production"
  stage_arns    = { for role, projects in local.stages : role => [for project in projects : "arn:aws:iam::${local.tooling_id}:role/${local.pipeline}-${project}"] }

  # AWS marks all that a session does with its tags: each change tells the release that brought it.
  release_tag = { "ForAllValues:StringEquals" = { "aws:TagKeys" = ["release"] } }

  by_people = [{
    Sid       = "DeployByHand"
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::${local.deploying_account_id}:root" }
    Action    = ["sts:AssumeRole", "sts:TagSession"]
    Condition = merge(local.release_tag, { ArnNotLike = { "aws:PrincipalArn" = local.every_stage } })
  }]

  by_the_pipeline = [{
    Sid       = "Deploy"
    Effect    = "Allow"
    Principal = local.tooling_root
    Action    = ["sts:AssumeRole", "sts:TagSession"]
    Condition = merge(local.release_tag, {
      ArnEquals  = { "aws:PrincipalArn" = local.stage_arns.deploy }
      StringLike = { "aws:RequestTag/release" = "?*" }
    })
  }]

  # The pipeline changes neither itself nor what keeps its logs. Dev is where people try things out.
  deploy_trust = {
    log_archive = local.by_people
    management  = local.by_people
    tooling     = local.by_people
    workload    = concat(local.by_the_pipeline, var.environment == "dev" ? local.by_people : [])
  }
}
