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
  value       = []
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
