# What plans are made with: it reads what the deploy role may change, and the state, and writes nothing but the state's lock.

locals {
  other_role_names = { breakglass = "payments-breakglass", gate = "payments-gate", plan = "payments-plan" }

  # Reading is what AWS names so; services whose actions are allowed as a whole read by these.
  reading = "^[a-z0-9-]+:(Batch)?(Describe|Get|List|Search)[A-Za-z*]*$"
  reads_of_whole = {
    apigateway              = ["apigateway:GET"]
    application-autoscaling = ["application-autoscaling:Describe*", "application-autoscaling:List*"]
    dynamodb                = ["dynamodb:Describe*", "dynamodb:ListTagsOfResource"]
    ecr                     = ["ecr:Describe*", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListTagsForResource"]
    ecs                     = ["ecs:Describe*", "ecs:ListTagsForResource"]
    elasticloadbalancing    = ["elasticloadbalancing:Describe*"]
    events                  = ["events:Describe*", "events:List*"]
    lambda                  = ["lambda:GetAlias", "lambda:GetFunction*", "lambda:GetPolicy", "lambda:GetProvisioned*", "lambda:GetRuntime*", "lambda:List*"]
    sqs                     = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"]
    wafv2                   = ["wafv2:Get*", "wafv2:List*"]
  }

  # Each statement of the deploy role, with the part of it that reads.
  reading_parts = [
    for statement in concat(
      local.service_statements,
      local.role_statements,
      local.network_statements,
      local.ecs_statements,
      local.release_statements,
      local.forwarding_statements,
      local.web_acl_statements,
    ) :
    {
      Sid    = statement.Sid
      Effect = "Allow"
      Action = distinct(flatten([
        for action in flatten([statement.Action]) :
        endswith(action, ":*") ? local.reads_of_whole[split(":", action)[0]] : [for read in [action] : read if can(regex(local.reading, read))]
      ]))
      Resource  = statement.Resource
      Condition = try(statement.Condition, null)
    } if statement.Effect == "Allow"
  ]

  plan_statements = concat(
    [for part in local.reading_parts : { for name, value in part : name => value if value != null } if length(part.Action) > 0],
    local.usage_statements,
    [
      {
        # Lambda and Secrets Manager show what they hold to whoever may decrypt it.
        Sid       = "ReadThroughServices"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = "arn:aws:kms:${local.region}:${local.account_id}:key/*"
        Condition = { StringEquals = { "kms:ViaService" = [for service in ["lambda", "secretsmanager"] : "${service}.${local.region}.amazonaws.com"] } }
      },
      {
        Sid       = "TellWhoChangedSomething"
        Effect    = "Allow"
        Action    = "cloudtrail:LookupEvents"
        Resource  = "*"
        Condition = local.in_region
      },
      {
        Sid      = "FindState"
        Effect   = "Allow"
        Action   = ["s3:GetBucketVersioning", "s3:ListBucket"]
        Resource = aws_s3_bucket.state.arn
      },
      {
        Sid      = "ReadState"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = "${aws_s3_bucket.state.arn}/*"
      },
      {
        Sid      = "LockState"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:PutObject"]
        Resource = "${aws_s3_bucket.state.arn}/*.tflock"
      },
      {
        Sid      = "DecryptState"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        Resource = aws_kms_key.state.arn
      },
      {
        Sid      = "LeaveTheBootstrapStateAlone"
        Effect   = "Deny"
        Action   = "s3:*"
        Resource = "${aws_s3_bucket.state.arn}/bootstrap/*"
      },
    ],
  )
}

resource "aws_iam_role" "plan" {
  count = local.runs_workloads ? 1 : 0

  name                 = local.other_role_names.plan
  description          = "Plans the payment platform's Terraform, and changes nothing"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Plan"
      Effect    = "Allow"
      Principal = local.tooling_root
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Condition = merge(local.release_tag, { ArnEquals = { "aws:PrincipalArn" = local.stage_arns.plan } })
    }]
  })
}

resource "aws_iam_role_policy" "plan" {
  count = local.runs_workloads ? 1 : 0

  name = "plan"
  role = aws_iam_role.plan[0].id

  policy = jsonencode({ Version = "2012-10-17", Statement = local.plan_statements })
}
