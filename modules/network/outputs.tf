output "acquirer_client_security_group_id" {
  description = "Group that a function carries besides its own to call the acquirer; null without `egress`."
  value       = one(aws_security_group.acquirer_client[*].id)
}

output "acquirer_prefix_list_id" {
  description = "Managed prefix list of the acquirer's networks; null without `egress`."
  value       = one(aws_ec2_managed_prefix_list.acquirer[*].id)
}

output "cidr_block" {
  description = "Private addresses of the VPC."
  value       = aws_vpc.network.cidr_block
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "1.2.5"
      control     = "Every rule opens one port to a group or prefix list that it names"
      resource    = "aws_vpc_security_group_ingress_rule.service_from_load_balancer"
      test        = "tests/network/test_isolation.py::test_every_rule_opens_one_port_to_somebody_named"
    },
    {
      requirement = "1.3.1"
      control     = "Services are reached by their own load balancer alone, data subnets by functions and services on port 443"
      resource    = "aws_security_group.service"
      test        = "tests/network/test_isolation.py::test_only_its_load_balancer_reaches_a_service_on_its_port"
    },
    {
      requirement = "1.3.1"
      control     = "What nobody gave a group or network ACL gets the default ones, which let nothing pass"
      resource    = "aws_default_security_group.closed"
      test        = "tests/network/test_isolation.py::test_what_nobody_gave_a_group_is_cut_off"
    },
    {
      requirement = "1.3.2"
      control     = "Outside, only the acquirer's networks are reached, on port 443 and by its clients"
      resource    = "aws_route.egress_to_acquirer"
      test        = "tests/network/test_isolation.py::test_only_the_named_networks_are_reached_outside_and_on_443"
    },
    {
      requirement = "1.3.2"
      control     = "Endpoints accept named actions, by credentials and on resources of one's own"
      resource    = "aws_vpc_endpoint.interface"
      test        = "tests/network/test_isolation.py::test_endpoints_refuse_foreign_accounts_and_unnamed_actions"
    },
    {
      requirement = "1.4.1"
      control     = "No route leads from service and data subnets out of the VPC"
      resource    = "aws_route_table.service"
      test        = "tests/network/test_isolation.py::test_service_and_data_subnets_have_no_path_to_the_internet"
    },
    {
      requirement = "1.4.2"
      control     = "Nothing outside the VPC reaches anything in it"
      resource    = "aws_network_acl.service"
      test        = "tests/network/test_isolation.py::test_nothing_comes_in_from_outside"
    },
    {
      requirement = "1.4.4"
      control     = "Data subnets have no path to the internet and are reached only by what is named"
      resource    = "aws_network_acl.data"
      test        = "tests/network/test_isolation.py::test_nothing_reaches_the_data_subnets_but_what_is_named"
    },
    {
      requirement = "3.5.1"
      control     = "Flow logs are encrypted under a customer-managed key"
      resource    = "aws_cloudwatch_log_group.flow"
      test        = "tests/modules/test_network_module.py::test_flow_logs_are_encrypted"
    },
    {
      requirement = "10.2.1"
      control     = "All traffic is logged, accepted or not"
      resource    = "aws_flow_log.network"
      test        = "tests/modules/test_network_module.py::test_all_traffic_is_logged"
    },
    {
      requirement = "10.2.2"
      control     = "A record tells who, what, when, where from, which way and the outcome"
      resource    = "aws_flow_log.network"
      test        = "tests/modules/test_network_module.py::test_all_traffic_is_logged"
    },
    {
      requirement = "10.5.1"
      control     = "Flow logs are kept for a known time, three months or more"
      resource    = "aws_cloudwatch_log_group.flow"
      test        = "tests/modules/test_network_module.py::test_flow_logs_are_kept"
    },
  ]
}

output "data_subnet_ids" {
  description = "Subnets of the interface endpoints and of stores, by zone."
  value       = { for zone, subnet in aws_subnet.data : zone => subnet.id }
}

output "egress_addresses" {
  description = "Public addresses that the acquirer sees, by zone; empty without `egress`."
  value       = { for zone, address in aws_eip.egress : zone => address.public_ip }
}

output "egress_subnet_ids" {
  description = "Subnets of functions that call the acquirer, by zone; empty without `egress`."
  value       = { for zone, subnet in aws_subnet.egress : zone => subnet.id }
}

output "endpoint_ids" {
  description = "Endpoints by service, gateway endpoints included, for example for `aws:SourceVpce` in policies."
  value = merge(
    { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id },
    { dynamodb = aws_vpc_endpoint.dynamodb.id, s3 = aws_vpc_endpoint.s3.id },
  )
}

output "endpoints_security_group_id" {
  description = "Group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}

output "flow_log_group" {
  description = "Log group of the flow logs: ARN and name."
  value = {
    arn  = aws_cloudwatch_log_group.flow.arn
    name = aws_cloudwatch_log_group.flow.name
  }
}

output "functions_security_group_id" {
  description = "Group of the functions in the VPC."
  value       = aws_security_group.functions.id
}

output "gateway_prefix_list_ids" {
  description = "AWS's prefix lists of the gateway endpoints, `dynamodb` and `s3`, for egress rules of other groups."
  value = {
    dynamodb = aws_vpc_endpoint.dynamodb.prefix_list_id
    s3       = aws_vpc_endpoint.s3.prefix_list_id
  }
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts the flow logs."
  value       = local.kms_key_arn
}

output "load_balancer_security_group_ids" {
  description = "Groups of the load balancers, by service."
  value       = { for service, group in aws_security_group.load_balancer : service => group.id }
}

output "service_security_group_ids" {
  description = "Groups of the tasks, by service."
  value       = { for service, group in aws_security_group.service : service => group.id }
}

output "service_subnet_ids" {
  description = "Subnets of functions, tasks and load balancers, by zone."
  value       = { for zone, subnet in aws_subnet.service : zone => subnet.id }
}

output "vpc_id" {
  description = "Id of the VPC, for example to associate a private hosted zone with."
  value       = aws_vpc.network.id
}
