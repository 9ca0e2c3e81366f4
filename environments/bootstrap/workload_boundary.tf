# The most that any role of the platform can ever do, whatever its policies say:
# roles are made by a pipeline, this isn't.
resource "aws_iam_policy" "workload_boundary" {
  name        = "payments-workload-boundary"
  description = "Bounds every role that the payment platform makes in this account"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.boundary_statements[local.kind]
  })
}

locals {
  boundary_statements = {
    log_archive = local.log_archive_boundary
    management  = concat(local.management_boundary, local.forwarding_boundary, local.review_boundary, local.management_review_boundary)
    tooling     = concat(local.tooling_boundary, local.forwarding_boundary)
    workload    = concat(local.workload_boundary, local.forwarding_boundary, local.review_boundary)
  }

  workload_boundary = [
    {
      Sid    = "KeepPayments"
      Effect = "Allow"
      Action = [
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:DescribeStream",
        "dynamodb:GetItem",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      Resource = "arn:aws:dynamodb:${local.region}:${local.account_id}:table/payments-*"
    },
    {
      Sid      = "UseKeysOfThisAccount"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateMac"]
      Resource = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
    },
    {
      Sid      = "NeverReadState"
      Effect   = "Deny"
      Action   = "kms:*"
      Resource = aws_kms_key.state.arn
    },
    {
      Sid    = "WriteLogs"
      Effect = "Allow"
      Action = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = [
        for service in ["ecs", "lambda", "vpc"] :
        "arn:aws:logs:${local.region}:${local.account_id}:log-group:/aws/${service}/payments-*"
      ]
    },
    {
      Sid    = "UseQueues"
      Effect = "Allow"
      Action = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
      ]
      Resource = "arn:aws:sqs:${local.region}:${local.account_id}:payments-*"
    },
    {
      Sid    = "CallEachOther"
      Effect = "Allow"
      Action = ["events:PutEvents", "lambda:InvokeFunction", "secretsmanager:GetSecretValue"]
      Resource = [
        "arn:aws:events:${local.region}:${local.account_id}:event-bus/payments-*",
        "arn:aws:lambda:${local.region}:${local.account_id}:function:payments-*",
        "arn:aws:secretsmanager:${local.region}:${local.account_id}:secret:payments-*",
      ]
    },
    {
      Sid      = "PullImages"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = "arn:aws:ecr:${local.region}:${local.account_id}:repository/payments-*"
    },
    {
      Sid      = "ReadUsage"
      Effect   = "Allow"
      Action   = "apigateway:GET"
      Resource = ["arn:aws:apigateway:${local.region}::/usageplans", "arn:aws:apigateway:${local.region}::/usageplans/*/usage"]
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
        "ecr:GetAuthorizationToken",
        "logs:DescribeLogGroups",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
      ]
      Resource = "*"
    },
  ]
}
