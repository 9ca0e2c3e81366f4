# What CodePipeline itself may: hand artifacts on, start the projects, ask people, look at production's alarms. It enters no
# account to change it.

resource "aws_iam_role" "pipeline" {
  name                 = "${var.name}-pipeline"
  description          = "Runs ${var.name}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetThePipelineRun"
      Effect    = "Allow"
      Principal = { Service = "codepipeline.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.pipeline_arn }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "pipeline" {
  name = "run"
  role = aws_iam_role.pipeline.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "FindArtifacts"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"]
        Resource = aws_s3_bucket.artifacts.arn
      },
      {
        Sid      = "HandArtifactsOn"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
        Resource = "${aws_s3_bucket.artifacts.arn}/${local.pipeline_folder}/*"
      },
      {
        Sid      = "UseTheArtifactsKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource = aws_kms_key.artifacts.arn
      },
      {
        Sid      = "GetTheSource"
        Effect   = "Allow"
        Action   = [for service in local.connection_services : "${service}:UseConnection"]
        Resource = local.connection_arns
        Condition = {
          "ForAllValues:StringEquals" = {
            for service in local.connection_services : "${service}:FullRepositoryId" => var.source_code.repository
          }
        }
      },
      {
        Sid      = "RunProjects"
        Effect   = "Allow"
        Action   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"]
        Resource = [for project, arn in local.project_arns : arn if project != "drift"]
      },
      {
        Sid      = "AskForApproval"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = aws_sns_topic.delivery.arn
      },
      local.alarm_statement,
    ]
  })
}

locals {
  alarm_statement = {
    Sid      = "LookAtAlarms"
    Effect   = "Allow"
    Action   = var.production_gate.alarm_role_arn == null ? "cloudwatch:DescribeAlarms" : "sts:AssumeRole"
    Resource = coalesce(var.production_gate.alarm_role_arn, "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:*")
  }
}
