data "aws_availability_zones" "available" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zone_names = var.availability_zones == null ? slice(sort(data.aws_availability_zones.available.names), 0, 3) : var.availability_zones
  zones      = { for index, zone in local.zone_names : zone => index }

  # The last quarter is for the public subnets, which hold nothing but NAT gateways.
  tiers = {
    for index, tier in ["service", "data", "egress", "public"] : tier => cidrsubnet(var.cidr_block, 2, index)
  }
}

resource "aws_vpc" "network" {
  cidr_block           = var.cidr_block
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }
}

# What nobody assigned a group, network ACL or route table to gets these, and with them nothing.

resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.network.id

  tags = { Name = "${var.name}-default-closed" }
}

resource "aws_default_network_acl" "closed" {
  default_network_acl_id = aws_vpc.network.default_network_acl_id

  tags = { Name = "${var.name}-default-closed" }
}

resource "aws_default_route_table" "closed" {
  default_route_table_id = aws_vpc.network.default_route_table_id
  route                  = []

  tags = { Name = "${var.name}-default-closed" }
}
