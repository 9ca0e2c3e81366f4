locals {
  makes_load_balancer = var.load_balancer.shared == null

  load_balancer = local.makes_load_balancer ? {
    arn         = aws_lb.service[0].arn
    dns_name    = aws_lb.service[0].dns_name
    vpc_link_id = aws_api_gateway_vpc_link.service[0].id
    zone_id     = aws_lb.service[0].zone_id
  } : var.load_balancer.shared

  # Both have 32 characters at most. A target group's also holds the port: another port needs another
  # group, made while the listener still has the first.
  name_hash          = substr(sha1(var.name), 0, 6)
  load_balancer_name = length(var.name) <= 32 ? var.name : "${trimsuffix(substr(var.name, 0, 25), "-")}-${local.name_hash}"
  target_group_name = join("-", [
    length(var.name) <= 26 ? var.name : "${trimsuffix(substr(var.name, 0, 19), "-")}-${local.name_hash}",
    var.container.port,
  ])
}

resource "aws_lb" "service" {
  count = local.makes_load_balancer ? 1 : 0

  name                             = local.load_balancer_name
  load_balancer_type               = "network"
  internal                         = true
  subnets                          = var.network.subnet_ids
  security_groups                  = var.network.load_balancer_security_group_ids
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.load_balancer.deletion_protection

  # Who comes through the VPC link was authorized by API Gateway, whose addresses no rule can name;
  # the groups' rules hold for everybody else.
  enforce_security_group_inbound_rules_on_private_link_traffic = "off"

  dynamic "access_logs" {
    for_each = var.load_balancer.access_logs[*]
    content {
      bucket  = access_logs.value.bucket
      prefix  = access_logs.value.prefix
      enabled = true
    }
  }
}

resource "aws_api_gateway_vpc_link" "service" {
  count = local.makes_load_balancer ? 1 : 0

  name        = var.name
  description = "API Gateway's way to the load balancer of ${var.name}"
  target_arns = [aws_lb.service[0].arn]
}
