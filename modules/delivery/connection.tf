# To the host of the source code. AWS leaves it pending until somebody confirms it in the console, once.
resource "aws_codeconnections_connection" "source" {
  count = var.source_code.connection_arn == null ? 1 : 0

  name          = var.name
  provider_type = var.source_code.provider_type
}

locals {
  connection_arn = var.source_code.connection_arn == null ? aws_codeconnections_connection.source[0].arn : var.source_code.connection_arn

  # AWS renamed the service, and asks for a connection by either name.
  connection_services = ["codeconnections", "codestar-connections"]
  connection_id       = element(split(":", local.connection_arn), 5)
  connection_arns = [
    for service in local.connection_services :
    join(":", concat(slice(split(":", local.connection_arn), 0, 2), [service], slice(split(":", local.connection_arn), 3, 5), [local.connection_id]))
  ]
}
