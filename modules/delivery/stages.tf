# The stages in their order: what is asked before one is entered, who approves, which project works.

locals {
  approvals = ["approve-first", "approve-second"]

  window = {
    name          = "deployment-window"
    provider      = "DeploymentWindow"
    role_arn      = null
    configuration = { Cron = var.production_gate.window, TimeZone = var.production_gate.time_zone }
  }
  quiet = [
    for number, alarm in var.production_gate.alarm_names : {
      name          = "quiet-alarm-${number + 1}"
      provider      = "CloudWatchAlarm"
      role_arn      = var.production_gate.alarm_role_arn
      configuration = { AlarmName = alarm, WaitTime = "1" }
    }
  ]
  # An empty plan needs nobody's approval; what is applied is compared with its record again.
  changes = {
    name          = "plan-changes-something"
    provider      = "VariableCheck"
    role_arn      = null
    configuration = { Operator = "NE", Value = "0", Variable = "#{prod-plan.PLAN_CHANGES}" }
  }

  conditions = {
    prod-plan    = [{ result = "FAIL", rules = local.quiet }]
    prod-approve = [{ result = "SKIP", rules = [local.changes] }]
    prod-deploy  = [{ result = "FAIL", rules = concat([local.window], local.quiet) }]
    # Alarms are asked by the shift itself, where it begins: one that sounds must not keep traffic from going back.
    prod-shift = [{ result = "FAIL", rules = [local.window] }]
  }

  stage_names = ["verify", "build", "dev", "qa", "integration", "prod-plan", "prod-approve", "prod-deploy", "prod-shift", "record"]

  stages = [
    for stage in local.stage_names : {
      name       = stage
      conditions = lookup(local.conditions, stage, [])
      # Only what may be done again at will: traffic goes to the release that it had before.
      goes_back        = stage == "prod-shift"
      approvals        = stage == "prod-approve" ? local.approvals : []
      input_artifacts  = concat(["source"], contains(local.before_release, stage) ? [] : ["release"])
      output_artifacts = stage == "build" ? ["release"] : []
      variables        = local.variables[stage]
    }
  ]

  before_release = ["verify", "build"]
  after_plan     = ["prod-approve", "prod-deploy", "prod-shift", "record"]

  variables = {
    for stage in local.stage_names : stage => merge(
      {
        PIPELINE_EXECUTION_ID = "#{codepipeline.PipelineExecutionId}"
        SOURCE_AUTHOR         = "#{source.AuthorId}"
        SOURCE_COMMIT         = "#{source.CommitId}"
      },
      contains(local.before_release, stage) ? {} : { RELEASE_DIGEST = "#{build.RELEASE_DIGEST}" },
      contains(local.after_plan, stage) ? { PLAN_SHA256 = "#{prod-plan.PLAN_SHA256}" } : {},
    )
  }

  approval_text = join(" ", [
    "Production: #{prod-plan.PLAN_SUMMARY} with release #{build.RELEASE_VERSION} (#{build.RELEASE_DIGEST}), commit #{source.CommitId} by #{source.AuthorId}.",
    "The plan may be applied until #{prod-plan.PLAN_EXPIRES_AT}.",
    "To approve it, write its SHA-256 as comment: #{prod-plan.PLAN_SHA256}.",
    "Its record: s3://${local.bucket_name}/plans/production/#{prod-plan.PLAN_SHA256}/plan-record.json",
  ])
}
