output "addresses" {
  description = "Where each API is found, by the path that is mapped to it."
  value       = { for path in keys(aws_apigatewayv2_api_mapping.path) : path => "https://${var.domain_name}/${path}" }
}

output "certificate_arn" {
  description = "The certificate that the domain serves."
  value       = aws_api_gateway_domain_name.domain.regional_certificate_arn
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value       = local.controls
}

output "domain_name" {
  description = "The domain name, once it is known in the DNS."
  value       = aws_route53_record.domain.fqdn
}

output "regional_domain" {
  description = "What the domain's record leads to: name and hosted zone, for records elsewhere."
  value = {
    name    = aws_api_gateway_domain_name.domain.regional_domain_name
    zone_id = aws_api_gateway_domain_name.domain.regional_zone_id
  }
}
