# What the daily log review needs: its function's role in every account that has one, and in management,
# where nothing else runs, the deploy role to make it.

locals {
  review_role_arn = "${local.iam_arn}:role/payments-*-log-review"

  review_boundary = [
    {
      Sid       = "ReviewLogs"
      Effect    = "Allow"
      Action    = ["logs:DescribeQueryDefinitions", "logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery"]
      Resource  = "*"
      Condition = { ArnLike = { "aws:PrincipalArn" = local.review_role_arn } }
    },
  ]

  management_review_boundary = [
    {
      Sid    = "RunTheReview"
      Effect = "Allow"
      Action = ["kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"]
      Resource = [
        "arn:aws:kms:${local.region}:${local.account_id}:key/*",
        "arn:aws:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/payments-*-log-review:*",
        "arn:aws:sqs:${local.region}:${local.account_id}:payments-*-log-review-dead-letters",
      ]
    },
    {
      Sid      = "NeverReadState"
      Effect   = "Deny"
      Action   = "kms:*"
      Resource = aws_kms_key.state.arn
    },
    {
      Sid      = "TraceTheReview"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    },
  ]

  management_review_statements = [
    {
      Sid    = "ManageReview"
      Effect = "Allow"
      Action = ["lambda:*", "sqs:*"]
      Resource = [
        "arn:aws:lambda:${local.region}:${local.account_id}:function:payments-*-log-review*",
        "arn:aws:sqs:${local.region}:${local.account_id}:payments-*-log-review-dead-letters",
      ]
    },
    {
      # A query has a generated id.
      Sid       = "SaveReviewsQueries"
      Effect    = "Allow"
      Action    = ["logs:DeleteQueryDefinition", "logs:PutQueryDefinition"]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      Sid       = "MakeReviewsRole"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]
      Resource  = local.review_role_arn
      Condition = { StringEquals = { "iam:PermissionsBoundary" = aws_iam_policy.workload_boundary.arn } }
    },
    {
      Sid    = "ManageReviewsRole"
      Effect = "Allow"
      Action = [
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:List*",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ]
      Resource = local.review_role_arn
    },
    {
      Sid       = "HandReviewsRoleOver"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = local.review_role_arn
      Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
    },
    {
      Sid       = "EncryptReviewsFunction"
      Effect    = "Allow"
      Action    = ["kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"]
      Resource  = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
      Condition = { StringEquals = { "kms:ViaService" = "lambda.${local.region}.amazonaws.com" } }
    },
    {
      Sid      = "NeverRunTheReview"
      Effect   = "Deny"
      Action   = "lambda:Invoke*"
      Resource = "*"
    },
  ]
}
