module "network" {
  source = "../network"

  name               = local.name
  cidr_block         = var.network.cidr_block
  availability_zones = var.network.availability_zones
  egress             = var.network.acquirer_prefixes == null ? null : { prefixes = var.network.acquirer_prefixes }

  services = {
    dashboard = { listener_port = local.dashboard_port }
    fraud     = { called_by_functions = true }
  }

  # What functions and services call, and no more.
  interface_endpoints = {
    "apigateway"     = ["apigateway:GET"]
    "ecr.api"        = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]
    "ecr.dkr"        = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]
    "events"         = ["events:PutEvents"]
    "kms"            = ["kms:Encrypt", "kms:GenerateMac"]
    "lambda"         = ["lambda:InvokeFunction"]
    "logs"           = ["logs:CreateLogStream", "logs:PutLogEvents"]
    "secretsmanager" = ["secretsmanager:GetSecretValue"]
  }
  gateway_endpoints = {
    dynamodb = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
    s3       = ["s3:GetObject"]
  }

  flow_logs                = { retention_days = var.logs.retention_days }
  kms_key                  = { arn = aws_kms_key.operations.arn }
  permissions_boundary_arn = var.permissions_boundary_arn
}

locals {
  service_vpc = {
    security_group_ids = [module.network.functions_security_group_id]
    subnet_ids         = values(module.network.service_subnet_ids)
  }
  # Of the functions that call the acquirer; without a way out they are like the others.
  acquirer_vpc = var.network.acquirer_prefixes == null ? local.service_vpc : {
    security_group_ids = [module.network.functions_security_group_id, module.network.acquirer_client_security_group_id]
    subnet_ids         = values(module.network.egress_subnet_ids)
  }
  service_network = {
    subnet_ids = values(module.network.service_subnet_ids)
    vpc_id     = module.network.vpc_id
  }
}
