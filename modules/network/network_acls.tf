# A second wall, by tier. An ACL keeps no connections in mind, so answers need rules of their own, and
# it can't name prefix lists, so the way to the gateway endpoints reads "anywhere": the route tables
# say where that is. DNS of the VPC passes unseen by any ACL.

locals {
  anywhere     = "0.0.0.0/0"
  answer_ports = { from = 1024, to = 65535 }

  client_tiers   = var.egress == null ? ["service"] : ["service", "egress"]
  listener_ports = distinct([for service in local.services_called_by_functions : service.listener_port])
  service_ports  = distinct(concat(local.listener_ports, [for service in var.services : service.task_port]))
  data_ports     = distinct(concat([443], values(var.data_ports)))

  service_acl = {
    ingress = concat(
      [for port in sort(local.service_ports) : { cidr = local.tiers.service, from = port, to = port }],
      [for port in sort(local.listener_ports) : { cidr = local.tiers.egress, from = port, to = port } if var.egress != null],
      [merge(local.answer_ports, { cidr = local.anywhere })],
    )
    egress = concat(
      [for port in sort(local.service_ports) : { cidr = local.tiers.service, from = port, to = port }],
      [for port in sort(values(var.data_ports)) : { cidr = local.tiers.data, from = port, to = port }],
      [{ cidr = local.anywhere, from = 443, to = 443 }],
      [for tier in local.client_tiers : merge(local.answer_ports, { cidr = local.tiers[tier] })],
    )
  }

  data_acl = {
    ingress = concat(
      [for port in sort(local.data_ports) : { cidr = local.tiers.service, from = port, to = port }],
      [for tier in setsubtract(local.client_tiers, ["service"]) : { cidr = local.tiers[tier], from = 443, to = 443 }],
    )
    egress = [for tier in local.client_tiers : merge(local.answer_ports, { cidr = local.tiers[tier] })]
  }
}

resource "aws_network_acl" "service" {
  vpc_id     = aws_vpc.network.id
  subnet_ids = [for subnet in aws_subnet.service : subnet.id]

  dynamic "ingress" {
    for_each = local.service_acl.ingress
    content {
      rule_no    = 100 + 10 * ingress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = ingress.value.cidr
      from_port  = ingress.value.from
      to_port    = ingress.value.to
    }
  }

  dynamic "egress" {
    for_each = local.service_acl.egress
    content {
      rule_no    = 100 + 10 * egress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = egress.value.cidr
      from_port  = egress.value.from
      to_port    = egress.value.to
    }
  }

  tags = { Name = "${var.name}-service" }
}

resource "aws_network_acl" "data" {
  vpc_id     = aws_vpc.network.id
  subnet_ids = [for subnet in aws_subnet.data : subnet.id]

  dynamic "ingress" {
    for_each = local.data_acl.ingress
    content {
      rule_no    = 100 + 10 * ingress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = ingress.value.cidr
      from_port  = ingress.value.from
      to_port    = ingress.value.to
    }
  }

  dynamic "egress" {
    for_each = local.data_acl.egress
    content {
      rule_no    = 100 + 10 * egress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = egress.value.cidr
      from_port  = egress.value.from
      to_port    = egress.value.to
    }
  }

  tags = { Name = "${var.name}-data" }
}
