# Every log group of the account, also those that will be made later. There is one such policy an
# account and region, so this is called by the account's root, and by no module.
resource "aws_cloudwatch_log_account_policy" "subscription" {
  policy_name        = "${var.name}-forwarding"
  policy_type        = "SUBSCRIPTION_FILTER_POLICY"
  scope              = "ALL"
  selection_criteria = length(var.excluded_log_group_names) == 0 ? null : "LogGroupName NOT IN ${jsonencode(sort(var.excluded_log_group_names))}"

  policy_document = jsonencode({
    DestinationArn = var.destination_arn
    Distribution   = "Random"
    FilterPattern  = ""
    RoleArn        = local.role_arn
  })

  # CloudWatch Logs sends a test message when it is set.
  depends_on = [aws_iam_role_policy.forwarding]
}

locals {
  role_name = "${var.name}-log-forwarding"
  role_arn  = "arn:${local.partition}:iam::${local.account_id}:role/${local.role_name}"
}

# The destination asks for the organization of whoever sends, so somebody has to be sent as.
resource "aws_iam_role" "forwarding" {
  name                 = local.role_name
  description          = "Lets CloudWatch Logs send the account's logs to the archive"
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SendLogs"
      Effect    = "Allow"
      Principal = { Service = data.aws_service.logs.dns_name }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${local.region}:${local.account_id}:*" }
        StringEquals = { "aws:SourceAccount" = local.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "forwarding" {
  name = "send-logs"
  role = aws_iam_role.forwarding.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendLogs"
      Effect   = "Allow"
      Action   = "logs:PutLogEvents"
      Resource = "${local.log_groups_arn}:*"
    }]
  })
}
