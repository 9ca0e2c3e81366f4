# Services are called by names that a public certificate has, resolved in the VPC alone.

locals {
  dashboard_port = 8443
  fraud_host     = "fraud.${var.internal_domain.name}"
  dashboard_host = "dashboard.${var.internal_domain.name}"
  fraud_url      = "https://${local.fraud_host}"
  dashboard_url  = "https://${local.dashboard_host}:${local.dashboard_port}"
}

resource "aws_route53_zone" "internal" {
  name    = var.internal_domain.name
  comment = "Services of ${local.name}, for its VPC alone"

  vpc {
    vpc_id = module.network.vpc_id
  }
}

resource "aws_route53_record" "service" {
  for_each = toset([local.dashboard_host, local.fraud_host])

  zone_id = aws_route53_zone.internal.zone_id
  name    = each.key
  type    = "A"

  alias {
    name                   = module.fraud_detection.load_balancer.dns_name
    zone_id                = module.fraud_detection.load_balancer.zone_id
    evaluate_target_health = false
  }
}

resource "aws_acm_certificate" "services" {
  domain_name               = local.fraud_host
  subject_alternative_names = [local.dashboard_host]
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# In the public zone, where ACM looks as long as the certificate is to be renewed.
resource "aws_route53_record" "certificate_validation" {
  for_each = {
    for option in aws_acm_certificate.services.domain_validation_options : option.domain_name => option
  }

  zone_id = var.internal_domain.public_zone_id
  name    = each.value.resource_record_name
  type    = each.value.resource_record_type
  records = [each.value.resource_record_value]
  ttl     = 300
}

resource "aws_acm_certificate_validation" "services" {
  certificate_arn         = aws_acm_certificate.services.arn
  validation_record_fqdns = [for record in aws_route53_record.certificate_validation : record.fqdn]
}
