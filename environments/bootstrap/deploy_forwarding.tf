# What the deploy role needs to send the account's logs to the archive, and to look for card numbers in them.

resource "aws_iam_policy" "deploy_forwarding" {
  count = local.sends_logs ? 1 : 0

  name        = "${local.deploy_role_name}-forwarding"
  description = "Sends the account's logs to the archive"

  policy = jsonencode({ Version = "2012-10-17", Statement = local.forwarding_statements })
}

resource "aws_iam_role_policy_attachment" "deploy_forwarding" {
  count = local.sends_logs ? 1 : 0

  role       = aws_iam_role.deploy.name
  policy_arn = aws_iam_policy.deploy_forwarding[0].arn
}

locals {
  # The archive's own are where they go to.
  sends_logs = local.kind != "log_archive"

  forwarding_role_arn = "${local.iam_arn}:role/payments-*-log-forwarding"

  # CloudWatch Logs sends the account's logs as this, whichever group they are in.
  forwarding_boundary = [
    {
      Sid       = "SendLogs"
      Effect    = "Allow"
      Action    = "logs:PutLogEvents"
      Resource  = "arn:aws:logs:${local.region}:${local.account_id}:log-group:*"
      Condition = { ArnLike = { "aws:PrincipalArn" = local.forwarding_role_arn } }
    },
  ]

  logs_services = ["logs.amazonaws.com", "logs.${local.region}.amazonaws.com"]

  forwarding_statements = [
    {
      # A policy of the account covers all groups. Without it there are alarms, and guardrails keep others from removing it.
      Sid    = "ForwardLogs"
      Effect = "Allow"
      Action = concat(
        [
          "logs:DescribeAccountPolicies",
          "logs:DescribeMetricFilters",
          "logs:PutAccountPolicy",
          "logs:PutDataProtectionPolicy",
          "logs:PutMetricFilter",
          "logs:PutSubscriptionFilter",
        ],
        local.runs_workloads ? [
          "logs:DeleteAccountPolicy",
          "logs:DeleteDataProtectionPolicy",
          "logs:DeleteMetricFilter",
          "logs:DeleteSubscriptionFilter",
        ] : [],
      )
      Resource  = "arn:aws:logs:${local.region}:${local.account_id}:*"
      Condition = local.in_region
    },
    {
      Sid      = "SendToTheArchive"
      Effect   = "Allow"
      Action   = ["logs:PutAccountPolicy", "logs:PutSubscriptionFilter"]
      Resource = "arn:aws:logs:${local.region}:${local.organization.accounts.log-archive}:destination:payments-logs-*"
    },
    {
      Sid       = "HandTheSendingRoleOver"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = local.forwarding_role_arn
      Condition = { StringEquals = { "iam:PassedToService" = local.logs_services } }
    },
    {
      Sid      = "NeverUnmask"
      Effect   = "Deny"
      Action   = "logs:Unmask"
      Resource = "*"
    },
  ]
}
