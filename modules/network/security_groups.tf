locals {
  services_called_by_functions = { for name, service in var.services : name => service if service.called_by_functions }
}

# Functions: call load balancers and AWS, and nobody calls them over the network.

resource "aws_security_group" "functions" {
  name        = "${var.name}-functions"
  description = "Functions in the VPC"
  vpc_id      = aws_vpc.network.id

  tags = { Name = "${var.name}-functions" }
}

resource "aws_vpc_security_group_egress_rule" "functions_to_load_balancer" {
  for_each = local.services_called_by_functions

  security_group_id            = aws_security_group.functions.id
  referenced_security_group_id = aws_security_group.load_balancer[each.key].id
  description                  = "Calls ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.listener_port
  to_port                      = each.value.listener_port
}

resource "aws_vpc_security_group_egress_rule" "functions_to_endpoints" {
  security_group_id            = aws_security_group.functions.id
  referenced_security_group_id = aws_security_group.endpoints.id
  description                  = "Calls AWS through interface endpoints"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "functions_to_dynamodb" {
  security_group_id = aws_security_group.functions.id
  prefix_list_id    = aws_vpc_endpoint.dynamodb.prefix_list_id
  description       = "Calls DynamoDB through its gateway endpoint"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "functions_to_s3" {
  security_group_id = aws_security_group.functions.id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  description       = "Calls S3 through its gateway endpoint"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# Load balancers: API Gateway's VPC link needs no rule, since PrivateLink traffic isn't evaluated.

resource "aws_security_group" "load_balancer" {
  for_each = var.services

  name        = "${var.name}-${each.key}-load-balancer"
  description = "Load balancer of ${each.key}"
  vpc_id      = aws_vpc.network.id

  tags = { Name = "${var.name}-${each.key}-load-balancer" }
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer_from_functions" {
  for_each = local.services_called_by_functions

  security_group_id            = aws_security_group.load_balancer[each.key].id
  referenced_security_group_id = aws_security_group.functions.id
  description                  = "Called by functions"
  ip_protocol                  = "tcp"
  from_port                    = each.value.listener_port
  to_port                      = each.value.listener_port
}

resource "aws_vpc_security_group_egress_rule" "load_balancer_to_service" {
  for_each = var.services

  security_group_id            = aws_security_group.load_balancer[each.key].id
  referenced_security_group_id = aws_security_group.service[each.key].id
  description                  = "Forwards to ${each.key} and checks its health"
  ip_protocol                  = "tcp"
  from_port                    = each.value.task_port
  to_port                      = each.value.task_port
}

# Services: called by their own load balancer alone, and call AWS.

resource "aws_security_group" "service" {
  for_each = var.services

  name        = "${var.name}-${each.key}"
  description = "Tasks of ${each.key}"
  vpc_id      = aws_vpc.network.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "service_from_load_balancer" {
  for_each = var.services

  security_group_id            = aws_security_group.service[each.key].id
  referenced_security_group_id = aws_security_group.load_balancer[each.key].id
  description                  = "Called by its load balancer"
  ip_protocol                  = "tcp"
  from_port                    = each.value.task_port
  to_port                      = each.value.task_port
}

resource "aws_vpc_security_group_egress_rule" "service_to_endpoints" {
  for_each = var.services

  security_group_id            = aws_security_group.service[each.key].id
  referenced_security_group_id = aws_security_group.endpoints.id
  description                  = "Calls AWS through interface endpoints"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "service_to_dynamodb" {
  for_each = var.services

  security_group_id = aws_security_group.service[each.key].id
  prefix_list_id    = aws_vpc_endpoint.dynamodb.prefix_list_id
  description       = "Calls DynamoDB through its gateway endpoint"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "service_to_s3" {
  for_each = var.services

  security_group_id = aws_security_group.service[each.key].id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  description       = "Reads image layers and S3 through its gateway endpoint"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# Interface endpoints: called by functions and services, and call nobody.

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints"
  vpc_id      = aws_vpc.network.id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_functions" {
  security_group_id            = aws_security_group.endpoints.id
  referenced_security_group_id = aws_security_group.functions.id
  description                  = "Called by functions"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_service" {
  for_each = var.services

  security_group_id            = aws_security_group.endpoints.id
  referenced_security_group_id = aws_security_group.service[each.key].id
  description                  = "Called by ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
