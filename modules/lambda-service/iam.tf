resource "aws_iam_role" "function" {
  name                 = var.name
  description          = "Execution role of ${var.name}"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RunFunction"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "function"
  role = aws_iam_role.function.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.runtime_statements, local.vpc_statements, local.permission_statements)
  })
}

locals {
  runtime_statements = [
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.log_group_arn}:*"
    },
    {
      Sid      = "WriteTraces"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*" # X-Ray has no resources to name
    },
    {
      Sid      = "WriteDeadLetters"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = local.dead_letters_arn
    },
    {
      Sid      = "UseServiceKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = local.kms_key_arn
    },
  ]

  vpc_statements = [
    for vpc in var.vpc[*] : {
      Sid    = "AttachToVpc"
      Effect = "Allow"
      Action = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]
      Resource = "*" # Lambda checks these before any interface exists
    }
  ]

  permission_statements = [
    for id, statement in var.permissions : merge(
      {
        Sid      = id
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      },
      length(statement.conditions) > 0 ? { Condition = statement.conditions } : null,
    )
  ]
}
