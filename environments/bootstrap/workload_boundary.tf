# The most that any role of the platform can ever do, whatever its policies say:
# roles are made by a pipeline, this isn't.
resource "aws_iam_policy" "workload_boundary" {
  name        = "payments-workload-boundary"
  description = "Bounds every role that the payment platform makes"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "KeepPayments"
        Effect = "Allow"
        Action = [
          "dynamodb:ConditionCheckItem",
          "dynamodb:DeleteItem",
          "dynamodb:GetItem",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:UpdateItem",
        ]
        Resource = "arn:aws:dynamodb:${local.region}:${local.account_id}:table/payments-*"
      },
      {
        Sid      = "UseKeysOfThisAccount"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
      },
      {
        Sid      = "NeverReadState"
        Effect   = "Deny"
        Action   = "kms:*"
        Resource = aws_kms_key.state.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/payments-*"
      },
      {
        Sid      = "WriteDeadLetters"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = "arn:aws:sqs:${local.region}:${local.account_id}:payments-*"
      },
      {
        Sid      = "CallApis"
        Effect   = "Allow"
        Action   = "execute-api:Invoke"
        Resource = "arn:aws:execute-api:${local.region}:${local.account_id}:*/*/*/merchants/*"
      },
      {
        Sid    = "TraceAndAttachToVpcs"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
          "xray:PutTelemetryRecords",
          "xray:PutTraceSegments",
        ]
        Resource = "*"
      },
    ]
  })
}
