# What the accounts of the organization send their logs to. Senders find it by its ARN, and pass a
# role of their own, since a policy that asks for the organization needs somebody to ask about.
resource "aws_cloudwatch_log_destination" "archive" {
  for_each = local.names

  name       = each.value
  role_arn   = aws_iam_role.destination[each.key].arn
  target_arn = aws_kinesis_firehose_delivery_stream.archive[each.key].arn

  # CloudWatch Logs tries the role when it is set.
  depends_on = [aws_iam_role_policy.destination]
}

resource "aws_cloudwatch_log_destination_policy" "archive" {
  for_each = aws_cloudwatch_log_destination.archive

  destination_name = each.value.name

  access_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetOrganizationSend"
      Effect    = "Allow"
      Principal = "*"
      Action    = ["logs:PutAccountPolicy", "logs:PutSubscriptionFilter"]
      Resource  = local.destination_arns[each.key]
      Condition = { StringEquals = { "aws:PrincipalOrgID" = var.organization_id } }
    }]
  })
}

resource "aws_iam_role" "destination" {
  for_each = local.names

  name                 = "${each.value}-destination"
  description          = "Lets CloudWatch Logs hand on what is sent to ${each.value}"
  permissions_boundary = var.permissions_boundary_arn

  # For these accounts only: an account of the organization that isn't named can't send here.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetSendersIn"
      Effect    = "Allow"
      Principal = { Service = data.aws_service.logs.dns_name }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike = {
          "aws:SourceArn" = [
            for id in setunion([local.account_id], var.buckets[each.key].sender_account_ids) :
            "arn:${local.partition}:logs:${local.region}:${id}:*"
          ]
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "destination" {
  for_each = aws_iam_role.destination

  name = "hand-on-logs"
  role = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "HandOnLogs"
      Effect   = "Allow"
      Action   = ["firehose:PutRecord", "firehose:PutRecordBatch"]
      Resource = local.stream_arns[each.key]
    }]
  })
}
