# What it takes to tell who calls which version of an API, before one ends: counts, and queries over access logs.

locals {
  usage_statements = [
    {
      Sid       = "CountCalls"
      Effect    = "Allow"
      Action    = ["cloudwatch:GetMetricStatistics", "logs:GetQueryResults"]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      Sid      = "QueryAccessLogs"
      Effect   = "Allow"
      Action   = "logs:StartQuery"
      Resource = "arn:aws:logs:${local.region}:${local.account_id}:log-group:/aws/apigateway/payments-*/access:*"
    },
  ]
}
