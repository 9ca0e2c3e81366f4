data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Tells the region in provider 5 and 6 alike.
data "aws_service" "logs" {
  service_id = "logs"
}

locals {
  account_id       = data.aws_caller_identity.current.account_id
  partition        = data.aws_partition.current.partition
  region           = data.aws_service.logs.region
  endpoint_service = "${data.aws_service.logs.reverse_dns_prefix}.${local.region}"

  # Whose credentials may be used through an endpoint, and whose resources may be reached.
  own_only = {
    StringEquals = var.organization_id == null ? {
      "aws:PrincipalAccount" = local.account_id
      "aws:ResourceAccount"  = local.account_id
      } : {
      "aws:PrincipalOrgID" = var.organization_id
      "aws:ResourceOrgID"  = var.organization_id
    }
  }

  # Layers lie in a bucket of AWS and are fetched with addresses that ECR itself has signed, so
  # neither side of such a request is ours.
  layer_bucket = "arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.network.id
  service_name      = "${local.endpoint_service}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = concat([aws_route_table.service.id], [for table in aws_route_table.egress : table.id])

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnToOwn"
        Effect    = "Allow"
        Principal = "*"
        Action    = sort(var.gateway_endpoints.s3)
        Resource  = "*"
        Condition = local.own_only
      },
      {
        Sid       = "ReadImageLayers"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:GetObject"
        Resource  = local.layer_bucket
      },
    ]
  })

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.network.id
  service_name      = "${local.endpoint_service}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = concat([aws_route_table.service.id], [for table in aws_route_table.egress : table.id])

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnToOwn"
        Effect    = "Allow"
        Principal = "*"
        Action    = sort(var.gateway_endpoints.dynamodb)
        Resource  = "*"
        Condition = local.own_only
      },
    ]
  })

  tags = { Name = "${var.name}-dynamodb" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.network.id
  service_name        = "${local.endpoint_service}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.data : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnToOwn"
        Effect    = "Allow"
        Principal = "*"
        Action    = sort(each.value)
        Resource  = "*"
        Condition = local.own_only
      },
    ]
  })

  tags = { Name = "${var.name}-${each.key}" }
}
