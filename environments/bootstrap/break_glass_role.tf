# For when the pipeline can't help: what the deploy role may, in a person's hands, and no more. Whoever became
# management's payments-break-glass, with MFA, may become this; the organization's trail sounds an alarm.

locals {
  break_glass_arn_of_management = "arn:aws:iam::${local.organization.accounts.management}:role/payments-break-glass"
}

resource "aws_iam_role" "break_glass" {
  count = local.runs_workloads ? 1 : 0

  name                 = local.other_role_names.breakglass
  description          = "Repairs the payment platform in an emergency; every use raises an alarm"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Emergency"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${local.organization.accounts.management}:root" }
      Action    = "sts:AssumeRole"
      Condition = { ArnEquals = { "aws:PrincipalArn" = local.break_glass_arn_of_management } }
    }]
  })
}

resource "aws_iam_role_policy" "break_glass" {
  count = local.runs_workloads ? 1 : 0

  name   = "deploy"
  role   = aws_iam_role.break_glass[0].id
  policy = aws_iam_role_policy.deploy.policy
}

resource "aws_iam_role_policy_attachment" "break_glass" {
  for_each = local.runs_workloads ? {
    forwarding = aws_iam_policy.deploy_forwarding[0].arn
    network    = aws_iam_policy.deploy_network[0].arn
    services   = aws_iam_policy.deploy_services[0].arn
    web_acl    = aws_iam_policy.deploy_web_acl[0].arn
  } : {}

  role       = aws_iam_role.break_glass[0].name
  policy_arn = each.value
}
