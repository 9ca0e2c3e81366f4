# The way out to the acquirer. No table has a default route: even here only the acquirer's networks
# lead anywhere. A function uses it by its subnets and by carrying the second group.

locals {
  egress_zones    = var.egress == null ? {} : local.zones
  egress_count    = var.egress == null ? 0 : 1
  egress_prefixes = var.egress == null ? {} : var.egress.prefixes
}

resource "aws_ec2_managed_prefix_list" "acquirer" {
  count = local.egress_count

  name           = "${var.name}-acquirer"
  address_family = "IPv4"
  max_entries    = 8

  dynamic "entry" {
    for_each = local.egress_prefixes
    content {
      cidr        = entry.value
      description = entry.key
    }
  }
}

resource "aws_security_group" "acquirer_client" {
  count = local.egress_count

  name        = "${var.name}-acquirer-client"
  description = "Functions that call the acquirer"
  vpc_id      = aws_vpc.network.id

  tags = { Name = "${var.name}-acquirer-client" }
}

resource "aws_vpc_security_group_egress_rule" "acquirer_client_to_acquirer" {
  count = local.egress_count

  security_group_id = aws_security_group.acquirer_client[0].id
  prefix_list_id    = aws_ec2_managed_prefix_list.acquirer[0].id
  description       = "Calls the acquirer"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_subnet" "egress" {
  for_each = local.egress_zones

  vpc_id                  = aws_vpc.network.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(local.tiers.egress, 2, each.value)
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-egress-${each.key}" }
}

resource "aws_route_table" "egress" {
  for_each = local.egress_zones

  vpc_id = aws_vpc.network.id

  tags = { Name = "${var.name}-egress-${each.key}" }
}

resource "aws_route_table_association" "egress" {
  for_each = local.egress_zones

  route_table_id = aws_route_table.egress[each.key].id
  subnet_id      = aws_subnet.egress[each.key].id
}

resource "aws_route" "egress_to_acquirer" {
  for_each = local.egress_zones

  route_table_id             = aws_route_table.egress[each.key].id
  destination_prefix_list_id = aws_ec2_managed_prefix_list.acquirer[0].id
  nat_gateway_id             = aws_nat_gateway.egress[each.key].id
}

resource "aws_subnet" "public" {
  for_each = local.egress_zones

  vpc_id                  = aws_vpc.network.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(local.tiers.public, 2, each.value)
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-public-${each.key}" }
}

resource "aws_internet_gateway" "egress" {
  count = local.egress_count

  vpc_id = aws_vpc.network.id

  tags = { Name = var.name }
}

resource "aws_route_table" "public" {
  count = local.egress_count

  vpc_id = aws_vpc.network.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route_table_association" "public" {
  for_each = local.egress_zones

  route_table_id = aws_route_table.public[0].id
  subnet_id      = aws_subnet.public[each.key].id
}

resource "aws_route" "public_to_acquirer" {
  count = local.egress_count

  route_table_id             = aws_route_table.public[0].id
  destination_prefix_list_id = aws_ec2_managed_prefix_list.acquirer[0].id
  gateway_id                 = aws_internet_gateway.egress[0].id
}

resource "aws_eip" "egress" {
  for_each = local.egress_zones

  domain = "vpc"

  tags = { Name = "${var.name}-egress-${each.key}" }

  depends_on = [aws_internet_gateway.egress]
}

resource "aws_nat_gateway" "egress" {
  for_each = local.egress_zones

  allocation_id = aws_eip.egress[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = { Name = "${var.name}-egress-${each.key}" }
}

resource "aws_network_acl" "egress" {
  count = local.egress_count

  vpc_id     = aws_vpc.network.id
  subnet_ids = [for subnet in aws_subnet.egress : subnet.id]

  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = local.anywhere
    from_port  = local.answer_ports.from
    to_port    = local.answer_ports.to
  }

  dynamic "egress" {
    for_each = concat(
      [for port in sort(local.listener_ports) : { cidr = local.tiers.service, port = port }],
      [{ cidr = local.anywhere, port = 443 }],
    )
    content {
      rule_no    = 100 + 10 * egress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = egress.value.cidr
      from_port  = egress.value.port
      to_port    = egress.value.port
    }
  }

  tags = { Name = "${var.name}-egress" }
}

resource "aws_network_acl" "public" {
  count = local.egress_count

  vpc_id     = aws_vpc.network.id
  subnet_ids = [for subnet in aws_subnet.public : subnet.id]

  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = local.tiers.egress
    from_port  = 443
    to_port    = 443
  }

  dynamic "ingress" {
    for_each = values(local.egress_prefixes)
    content {
      rule_no    = 110 + 10 * ingress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = ingress.value
      from_port  = local.answer_ports.from
      to_port    = local.answer_ports.to
    }
  }

  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = local.tiers.egress
    from_port  = local.answer_ports.from
    to_port    = local.answer_ports.to
  }

  dynamic "egress" {
    for_each = values(local.egress_prefixes)
    content {
      rule_no    = 110 + 10 * egress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = egress.value
      from_port  = 443
      to_port    = 443
    }
  }

  tags = { Name = "${var.name}-public" }
}
