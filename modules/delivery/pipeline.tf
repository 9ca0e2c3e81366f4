# One release at a time in each stage; others wait in line, and none overtakes.
resource "aws_codepipeline" "delivery" {
  name           = var.name
  role_arn       = aws_iam_role.pipeline.arn
  pipeline_type  = "V2"
  execution_mode = "QUEUED"

  # Whoever reads the pipeline back compares it with what the projects may take.
  tags = { time-budget-minutes = tostring(var.time_budget.total_minutes) }

  artifact_store {
    location = aws_s3_bucket.artifacts.bucket
    type     = "S3"

    encryption_key {
      id   = aws_kms_key.artifacts.arn
      type = "KMS"
    }
  }

  trigger {
    provider_type = "CodeStarSourceConnection"

    git_configuration {
      source_action_name = "source"

      push {
        branches {
          includes = [var.source_code.branch]
        }

        dynamic "file_paths" {
          for_each = length(concat(var.source_code.included_paths, var.source_code.excluded_paths)) > 0 ? [var.source_code] : []
          content {
            includes = length(file_paths.value.included_paths) > 0 ? file_paths.value.included_paths : null
            excludes = length(file_paths.value.excluded_paths) > 0 ? file_paths.value.excluded_paths : null
          }
        }
      }
    }
  }

  stage {
    name = "source"

    action {
      name             = "source"
      namespace        = "source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      output_artifacts = ["source"]

      # The trigger starts the pipeline; unset, AWS would start it for every push besides.
      configuration = {
        BranchName           = var.source_code.branch
        ConnectionArn        = local.connection_arn
        DetectChanges        = "false"
        FullRepositoryId     = var.source_code.repository
        OutputArtifactFormat = "CODE_ZIP"
      }
    }
  }

  dynamic "stage" {
    for_each = local.stages
    content {
      name = stage.value.name

      dynamic "before_entry" {
        for_each = stage.value.conditions
        content {
          condition {
            result = before_entry.value.result

            dynamic "rule" {
              for_each = before_entry.value.rules
              content {
                name          = rule.value.name
                configuration = rule.value.configuration
                role_arn      = rule.value.role_arn

                rule_type_id {
                  category = "Rule"
                  owner    = "AWS"
                  provider = rule.value.provider
                  version  = "1"
                }
              }
            }
          }
        }
      }

      dynamic "on_failure" {
        for_each = stage.value.goes_back ? ["ROLLBACK"] : []
        content {
          result = on_failure.value
        }
      }

      dynamic "action" {
        for_each = stage.value.approvals
        content {
          name               = action.value
          category           = "Approval"
          owner              = "AWS"
          provider           = "Manual"
          version            = "1"
          run_order          = 1
          timeout_in_minutes = var.approval_minutes

          configuration = {
            CustomData      = local.approval_text
            NotificationArn = local.topic_arn
          }
        }
      }

      action {
        name             = length(stage.value.approvals) > 0 ? "verify-approvers" : stage.value.name
        namespace        = stage.value.name
        category         = "Build"
        owner            = "AWS"
        provider         = "CodeBuild"
        version          = "1"
        run_order        = length(stage.value.approvals) > 0 ? 2 : 1
        input_artifacts  = stage.value.input_artifacts
        output_artifacts = stage.value.output_artifacts

        configuration = {
          EnvironmentVariables = jsonencode([for name, value in stage.value.variables : { name = name, value = value, type = "PLAINTEXT" }])
          PrimarySource        = "source"
          ProjectName          = aws_codebuild_project.stage[stage.value.name].name
        }
      }
    }
  }

  # AWS starts a pipeline as soon as it is made.
  depends_on = [aws_iam_role_policy.pipeline, aws_sns_topic_policy.delivery]
}
