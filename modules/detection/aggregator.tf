# What Config recorded in all accounts, to be asked in this one.

data "aws_partition" "current" {}

resource "aws_config_configuration_aggregator" "organization" {
  count = var.aggregates_organization ? 1 : 0

  name = "${var.name}-organization"

  organization_aggregation_source {
    all_regions = true
    role_arn    = aws_iam_role.aggregator[0].arn
  }

  depends_on = [aws_iam_role_policy_attachment.aggregator]
}

resource "aws_iam_role" "aggregator" {
  count = var.aggregates_organization ? 1 : 0

  name        = "${var.name}-config-aggregator"
  description = "Lets AWS Config read which accounts there are"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetConfigLook"
      Effect    = "Allow"
      Principal = { Service = "config.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "aggregator" {
  count = var.aggregates_organization ? 1 : 0

  role       = aws_iam_role.aggregator[0].name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"
}
