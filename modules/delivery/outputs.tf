output "approve_policy_arn" {
  description = "ARN of the policy for those who approve releases to production: attach it to roles that tell people apart."
  value       = aws_iam_policy.approve.arn
}

output "approver_role_arn" {
  description = "ARN of the role that IAM users of the pipeline's account become to approve, with MFA and under their own names."
  value       = aws_iam_role.approver.arn
}

output "artifact_store" {
  description = "The bucket of artifacts, releases, plans and records, and the key that encrypts it."
  value = {
    bucket_name = aws_s3_bucket.artifacts.bucket
    kms_key_arn = aws_kms_key.artifacts.arn
  }
}

output "connection_arn" {
  description = "ARN of the connection to the source code, which is to be confirmed in the console once."
  value       = local.connection_arn
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value       = local.controls
}

output "entered_role_arns" {
  description = "Roles of the accounts that each project may assume, by project: who trusts the pipeline trusts these projects alone."
  value       = local.entered_roles
}

output "pipeline" {
  description = "The pipeline: its name, ARN and role."
  value = {
    arn      = aws_codepipeline.delivery.arn
    name     = aws_codepipeline.delivery.name
    role_arn = aws_iam_role.pipeline.arn
  }
}

output "projects" {
  description = "Projects by the stage that they work for: name, ARN, role and log group."
  value = {
    for project, made in aws_codebuild_project.stage : project => {
      arn            = made.arn
      log_group_name = aws_cloudwatch_log_group.project[project].name
      name           = made.name
      role_arn       = aws_iam_role.project[project].arn
    }
  }
}

output "signing_keys" {
  description = "Keys that sign releases and records of plans: alias and ARN."
  value = {
    for thing, key in aws_kms_key.signing : thing => { alias = aws_kms_alias.signing[thing].name, arn = key.arn }
  }
}

output "time_budget" {
  description = "Minutes that all stages may take together, and each project, without waiting for people."
  value = {
    minutes       = { for project in keys(local.projects) : project => var.time_budget.minutes[project] }
    total_minutes = var.time_budget.total_minutes
  }
}

output "topic_arn" {
  description = "ARN of the SNS topic that tells of failed stages, approvals that wait, and drift."
  value       = aws_sns_topic.delivery.arn
}
