locals {
  # Only tasks of this account's ECS may carry the roles.
  tasks_trust_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RunTasks"
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account_id}:*" }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role" "execution" {
  name                 = "${var.name}-execution"
  description          = "Lets ECS start tasks of ${var.name}: image, logs, secrets"
  assume_role_policy   = local.tasks_trust_policy
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "execution" {
  name = "execution"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.start_statements
  })
}

resource "aws_iam_role_policy" "secrets" {
  count = length(var.secrets) > 0 ? 1 : 0

  name = "secrets"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.secret_statements
  })
}

resource "aws_iam_role" "task" {
  name                 = var.name
  description          = "What the code of ${var.name} may do"
  assume_role_policy   = local.tasks_trust_policy
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "task" {
  count = length(var.permissions) > 0 ? 1 : 0

  name = "task"
  role = aws_iam_role.task.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.permission_statements
  })
}

locals {
  start_statements = [
    {
      Sid      = "LogInToRegistry"
      Effect   = "Allow"
      Action   = "ecr:GetAuthorizationToken"
      Resource = "*" # it belongs to no repository
    },
    {
      Sid      = "PullImage"
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Resource = local.repository.arn
    },
    {
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${local.log_group_arn}:log-stream:${local.container_name}/*"
    },
  ]

  secret_statements = [
    {
      Sid    = "ReadSecrets"
      Effect = "Allow"
      Action = "secretsmanager:GetSecretValue"
      # Without the key, stage and version that a reference may end with.
      Resource = distinct([for secret in var.secrets : join(":", slice(split(":", secret.arn), 0, 7))])
    },
    {
      Sid      = "DecryptSecrets"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = distinct([for secret in var.secrets : coalesce(secret.kms_key_arn, local.kms_key_arn)])
      Condition = {
        StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" }
      }
    },
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
