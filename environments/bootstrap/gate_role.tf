# As this the pipeline looks, before it changes production, whether an alarm sounds.

resource "aws_iam_role" "gate" {
  count = local.runs_workloads ? 1 : 0

  name                 = local.other_role_names.gate
  description          = "Tells the pipeline whether alarms are quiet"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LookAtAlarms"
      Effect    = "Allow"
      Principal = local.tooling_root
      Action    = "sts:AssumeRole"
      Condition = { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::${local.tooling_id}:role/${local.pipeline}-pipeline" } }
    }]
  })
}

resource "aws_iam_role_policy" "gate" {
  count = local.runs_workloads ? 1 : 0

  name = "look-at-alarms"
  role = aws_iam_role.gate[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "LookAtAlarms"
      Effect   = "Allow"
      Action   = "cloudwatch:DescribeAlarms"
      Resource = "arn:aws:cloudwatch:${local.region}:${local.account_id}:alarm:payments-*"
    }]
  })
}
