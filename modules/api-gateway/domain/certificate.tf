locals {
  # A certificate that ACM didn't issue proves nothing about the name to API Gateway, which for
  # mutual TLS wants that from a public one besides.
  makes_certificate = var.imported_certificate == null || var.mutual_tls != null
  certificate_arn   = one(aws_acm_certificate_validation.domain[*].certificate_arn)
}

resource "aws_acm_certificate" "domain" {
  count = local.makes_certificate ? 1 : 0

  domain_name       = var.domain_name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# ACM looks here again whenever it renews the certificate.
resource "aws_route53_record" "certificate_validation" {
  for_each = {
    for option in flatten(aws_acm_certificate.domain[*].domain_validation_options) : option.domain_name => option
  }

  zone_id = var.zone.id
  name    = each.value.resource_record_name
  type    = each.value.resource_record_type
  records = [each.value.resource_record_value]
  ttl     = 300
}

resource "aws_acm_certificate_validation" "domain" {
  count = local.makes_certificate ? 1 : 0

  certificate_arn         = aws_acm_certificate.domain[0].arn
  validation_record_fqdns = [for record in aws_route53_record.certificate_validation : record.fqdn]
}

# ACM renews what it issued 60 days before the end, unless the record is gone.
resource "aws_cloudwatch_metric_alarm" "certificate_expiry" {
  alarm_name          = "${var.domain_name}-certificate-expiry"
  alarm_description   = "The certificate of ${var.domain_name} ends within 30 days: see why it wasn't renewed, the validation record first"
  namespace           = "AWS/CertificateManager"
  metric_name         = "DaysToExpiry"
  dimensions          = { CertificateArn = aws_api_gateway_domain_name.domain.regional_certificate_arn }
  statistic           = "Minimum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 30
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
