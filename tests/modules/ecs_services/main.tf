# A service with everything of its own, and one that shares its cluster, load balancer and key.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

resource "aws_vpc" "services" {
  cidr_block = "10.20.0.0/24"
}

resource "aws_subnet" "services" {
  for_each = { eu-west-1a = 0, eu-west-1b = 1 }

  vpc_id            = aws_vpc.services.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(aws_vpc.services.cidr_block, 2, each.value)
}

resource "aws_security_group" "services" {
  for_each = toset(["load-balancer", "tasks"])

  name   = each.key
  vpc_id = aws_vpc.services.id
}

resource "aws_acm_certificate" "services" {
  domain_name       = "services.payments.example"
  validation_method = "DNS"
}

resource "aws_secretsmanager_secret" "model" {
  name                    = "fraud-model"
  recovery_window_in_days = 0
}

resource "aws_s3_bucket" "access_logs" {
  bucket = "payments-dev-load-balancer-logs"
}

locals {
  network = {
    vpc_id                           = aws_vpc.services.id
    subnet_ids                       = [for subnet in aws_subnet.services : subnet.id]
    task_security_group_ids          = [aws_security_group.services["tasks"].id]
    load_balancer_security_group_ids = [aws_security_group.services["load-balancer"].id]
  }
}

module "fraud_detection" {
  source = "../../../modules/ecs-service"

  name        = "payments-dev-fraud-detection"
  image       = { digest = "sha256:${sha256("fraud")}" }
  container   = { command = ["python", "-m", "fraud_detection"] }
  environment = { ENVIRONMENT = "dev", LOG_LEVEL = "INFO" }
  secrets     = { MODEL = { arn = "${aws_secretsmanager_secret.model.arn}:weights::" } }
  permissions = {
    CountCards = {
      actions   = ["dynamodb:UpdateItem"]
      resources = [aws_s3_bucket.access_logs.arn]
    }
  }
  network       = local.network
  listener      = { certificate_arn = aws_acm_certificate.services.arn }
  load_balancer = { access_logs = { bucket = aws_s3_bucket.access_logs.bucket } }
  capacity = {
    transactions_per_second          = 300
    transactions_per_second_per_task = 100
    minimum_transactions_per_second  = 50
  }
  scaling = {
    requests_metric = {
      namespace  = "Payments/Fraud"
      name       = "Requests"
      dimensions = { Environment = "dev", Service = "fraud" }
    }
  }
  peaks = {
    black-friday = {
      begins                          = "cron(0/10 6-22 24-30 11 ? *)"
      ends                            = "cron(0 0 1 12 ? *)"
      timezone                        = "Europe/Berlin"
      minimum_transactions_per_second = 300
      transactions_per_second         = 1000
    }
  }
}

module "merchant_dashboard" {
  source = "../../../modules/ecs-service"

  name = "payments-dev-merchant-dashboard"
  image = {
    digest     = "sha256:${sha256("dashboard")}"
    repository = module.fraud_detection.image_repository
  }
  container     = { command = ["python", "-m", "merchant_dashboard"] }
  cluster       = module.fraud_detection.cluster
  kms_key       = { arn = module.fraud_detection.kms_key_arn }
  network       = local.network
  listener      = { certificate_arn = aws_acm_certificate.services.arn, port = 8443 }
  load_balancer = { shared = module.fraud_detection.load_balancer }
  capacity = {
    transactions_per_second          = 5
    transactions_per_second_per_task = 10
    spare                            = false
  }
}
