# Log groups whose names an apply alone tells, as that of an API's execution log.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

resource "aws_api_gateway_rest_api" "payments" {
  for_each = toset(["one", "two"])

  name = each.key
}

module "log_review" {
  source = "../../../modules/org-logging/review"

  name        = "payments-dev"
  environment = "dev"
  artifact = {
    s3            = { bucket = "releases", key = "log_review.zip", object_version = "1" }
    sha256_base64 = "irrelevant"
  }
  log_groups = {
    access    = ["/aws/apigateway/payments-dev/access"]
    execution = [for api in aws_api_gateway_rest_api.payments : "API-Gateway-Execution-Logs_${api.id}/live"]
  }
  alarm_topic_arns = [aws_sns_topic.security.arn]
}

resource "aws_sns_topic" "security" {
  name = "security"
}
