# What the deploy role needs to put APIs behind a web ACL, and to have it log.

resource "aws_iam_policy" "deploy_web_acl" {
  count = local.runs_workloads ? 1 : 0

  name        = "${local.deploy_role_name}-web-acl"
  description = "Manages the web ACL before the payment platform's APIs"

  policy = jsonencode({ Version = "2012-10-17", Statement = local.web_acl_statements })
}

resource "aws_iam_role_policy_attachment" "deploy_web_acl" {
  count = local.runs_workloads ? 1 : 0

  role       = aws_iam_role.deploy.name
  policy_arn = aws_iam_policy.deploy_web_acl[0].arn
}

locals {
  web_acl_statements = [
    {
      # A web ACL is asked about together with what it refers to and what it stands before; that
      # also takes apigateway:SetWebACL.
      Sid    = "ManageWebAcl"
      Effect = "Allow"
      Action = "wafv2:*"
      Resource = [
        "arn:aws:apigateway:${local.region}::/restapis/*/stages/*",
        "arn:aws:wafv2:${local.region}:${local.account_id}:*/managedruleset/*",
        "arn:aws:wafv2:${local.region}:${local.account_id}:regional/ipset/payments-*",
        "arn:aws:wafv2:${local.region}:${local.account_id}:regional/webacl/payments-*",
      ]
    },
    {
      # Besides what access logs of APIs need too.
      Sid       = "DeliverWebAclLogs"
      Effect    = "Allow"
      Action    = ["logs:DeleteLogDelivery", "logs:DeleteResourcePolicy"]
      Resource  = "*"
      Condition = local.in_region
    },
    {
      Sid       = "LetWebAclsLog"
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = "${local.iam_arn}:role/aws-service-role/wafv2.amazonaws.com/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = "wafv2.amazonaws.com" } }
    },
  ]
}
