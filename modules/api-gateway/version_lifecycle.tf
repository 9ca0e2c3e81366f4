# Whoever calls a version that is going away learns so from each answer: the service's, which reads
# stage variables, and API Gateway's own.

locals {
  deprecated_on = try(var.version_lifecycle.deprecated_on, null)
  sunset_on     = try(var.version_lifecycle.sunset_on, null)
  successor     = try(var.version_lifecycle.successor, null)

  stage_variables = {
    for name, value in {
      deprecated_on = local.deprecated_on
      gone          = local.is_gone ? "true" : null
      successor     = local.successor
      sunset_on     = local.sunset_on
    } : name => value if value != null
  }

  # The same for a service behind a VPC link: without a value nothing is sent, a client's own neither.
  lifecycle_headers = {
    "integration.request.header.x-api-deprecated-on" = "stageVariables.deprecated_on"
    "integration.request.header.x-api-successor"     = "stageVariables.successor"
    "integration.request.header.x-api-sunset-on"     = "stageVariables.sunset_on"
  }

  # RFC 9745, 8594 and 5829.
  lifecycle_responses = merge(
    local.deprecated_on == null ? {} : { "gatewayresponse.header.Deprecation" = "'@${local.deprecated_epoch}'" },
    local.sunset_on == null ? {} : { "gatewayresponse.header.Sunset" = "'${formatdate("EEE, DD MMM YYYY hh:mm:ss 'GMT'", local.sunset_on)}'" },
    local.successor == null ? {} : { "gatewayresponse.header.Link" = "'<${local.successor}>; rel=\"successor-version\"'" },
  )

  # Terraform counts no seconds since 1970: years that begin in March, since then February ends them.
  deprecated        = [for part in regexall("[0-9]+", coalesce(local.deprecated_on, "1970-01-01T00:00:00Z")) : parseint(part, 10)]
  months_from_march = (local.deprecated[1] + 9) % 12
  march_year        = local.deprecated[0] - (local.deprecated[1] < 3 ? 1 : 0)
  deprecated_days = sum([
    365 * local.march_year, floor(local.march_year / 4), -floor(local.march_year / 100), floor(local.march_year / 400),
    floor((153 * local.months_from_march + 2) / 5), local.deprecated[2] - 1, -719468,
  ])
  deprecated_epoch = local.deprecated_days * 86400 + local.deprecated[3] * 3600 + local.deprecated[4] * 60 + local.deprecated[5]
}
