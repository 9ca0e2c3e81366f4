resource "aws_api_gateway_domain_name" "domain" {
  domain_name                            = var.domain_name
  ownership_verification_certificate_arn = var.imported_certificate != null && var.mutual_tls != null ? local.certificate_arn : null
  regional_certificate_arn               = var.imported_certificate == null ? local.certificate_arn : var.imported_certificate.arn

  # What provider 5 and mutual TLS allow. Behind it the security policy of the API that is called
  # negotiates, so the API's is the stricter one.
  security_policy = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  dynamic "mutual_tls_authentication" {
    for_each = var.mutual_tls[*]
    content {
      truststore_uri     = mutual_tls_authentication.value.truststore_uri
      truststore_version = mutual_tls_authentication.value.truststore_version
    }
  }
}

resource "aws_route53_record" "domain" {
  zone_id = var.zone.id
  name    = var.domain_name
  type    = "A"

  alias {
    name                   = aws_api_gateway_domain_name.domain.regional_domain_name
    zone_id                = aws_api_gateway_domain_name.domain.regional_zone_id
    evaluate_target_health = false
  }
}
