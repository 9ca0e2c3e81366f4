# Looks, whether anybody changed an account by hand.

resource "aws_cloudwatch_event_rule" "drift_schedule" {
  name                = "${var.name}-drift-schedule"
  description         = "Compares the accounts with what was applied to them"
  schedule_expression = var.drift_schedule
}

resource "aws_cloudwatch_event_target" "drift_schedule" {
  rule      = aws_cloudwatch_event_rule.drift_schedule.name
  target_id = "project"
  arn       = aws_codebuild_project.stage["drift"].arn
  role_arn  = aws_iam_role.schedule.arn
}

resource "aws_iam_role" "schedule" {
  name                 = "${var.name}-schedule"
  description          = "Starts ${local.project_names["drift"]}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTheScheduleStart"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_cloudwatch_event_rule.drift_schedule.arn }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "start-drift"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "StartDrift"
      Effect   = "Allow"
      Action   = "codebuild:StartBuild"
      Resource = local.project_arns["drift"]
    }]
  })
}
