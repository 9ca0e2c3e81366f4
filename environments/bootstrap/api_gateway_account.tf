# One setting per account and region, so it belongs to no API: whichever module
# held it would take the logs of all others with it.

resource "aws_api_gateway_account" "logging" {
  count = local.runs_workloads ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.api_gateway_logs[0].arn

  # AWS tries the role when it is set.
  depends_on = [aws_iam_role_policy.api_gateway_logs]
}

resource "aws_iam_role" "api_gateway_logs" {
  count = local.runs_workloads ? 1 : 0

  name        = "payments-api-gateway-logs"
  description = "Lets API Gateway write the logs of every API in the account"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "WriteLogs"
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

# The actions of AWS's managed policy AmazonAPIGatewayPushToCloudWatchLogs.
resource "aws_iam_role_policy" "api_gateway_logs" {
  count = local.runs_workloads ? 1 : 0

  name = "write-logs"
  role = aws_iam_role.api_gateway_logs[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "WriteLogs"
      Effect = "Allow"
      Action = [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
      ]
      Resource = "*"
    }]
  })
}
