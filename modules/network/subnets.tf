# One route table a tier: it has no routes but those of the VPC and its gateway endpoints, so zones don't differ.

resource "aws_subnet" "service" {
  for_each = local.zones

  vpc_id                  = aws_vpc.network.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(local.tiers.service, 2, each.value)
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-service-${each.key}" }
}

resource "aws_route_table" "service" {
  vpc_id = aws_vpc.network.id

  tags = { Name = "${var.name}-service" }
}

resource "aws_route_table_association" "service" {
  for_each = local.zones

  route_table_id = aws_route_table.service.id
  subnet_id      = aws_subnet.service[each.key].id
}

resource "aws_subnet" "data" {
  for_each = local.zones

  vpc_id                  = aws_vpc.network.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(local.tiers.data, 2, each.value)
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-data-${each.key}" }
}

resource "aws_route_table" "data" {
  vpc_id = aws_vpc.network.id

  tags = { Name = "${var.name}-data" }
}

resource "aws_route_table_association" "data" {
  for_each = local.zones

  route_table_id = aws_route_table.data.id
  subnet_id      = aws_subnet.data[each.key].id
}
