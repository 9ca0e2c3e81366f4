# One of each thing that logs, and the account's subscription.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.100" }
  }
}

resource "aws_api_gateway_rest_api" "api" {
  name = "payments"
}

resource "aws_api_gateway_stage" "live" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  deployment_id = "d"
  stage_name    = "live"

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId"
  }
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  method_path = "*/*"

  settings {
    logging_level = "INFO"
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name_prefix = "access"
}

resource "aws_cloudwatch_log_group" "execution" {
  name = "API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.api.id}/live"
}

resource "aws_cloudwatch_log_group" "flow" {
  name_prefix = "flow"
}

resource "aws_cloudwatch_log_group" "named" {
  for_each = toset(["/aws/lambda/pay", "/aws/ecs/score", "/aws/codebuild/release"])

  name = each.value
}

resource "aws_lambda_function" "pay" {
  function_name = "pay"
  role          = "arn:aws:iam::444444444444:role/pay"
  handler       = "pay.handle"
  runtime       = "python3.13"
  s3_bucket     = "artifacts"
  s3_key        = "pay.zip"
}

resource "aws_ecs_task_definition" "score" {
  family = "score"

  container_definitions = jsonencode([{
    name  = "score"
    image = "score"
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group = "/aws/ecs/score"
      }
    }
  }])
}

resource "aws_vpc" "network" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_flow_log" "network" {
  vpc_id          = aws_vpc.network.id
  traffic_type    = "ALL"
  log_destination = aws_cloudwatch_log_group.flow.arn
  iam_role_arn    = "arn:aws:iam::444444444444:role/flow"
}

resource "aws_codebuild_project" "release" {
  name         = "release"
  service_role = "arn:aws:iam::444444444444:role/build"

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/amazonlinux2-x86_64-standard:5.0"
    type         = "LINUX_CONTAINER"
  }

  logs_config {
    cloudwatch_logs {
      status = "ENABLED"
    }
  }

  source {
    type      = "NO_SOURCE"
    buildspec = "version: 0.2"
  }
}

resource "aws_cloudwatch_log_account_policy" "ship" {
  policy_name        = "ship"
  policy_type        = "SUBSCRIPTION_FILTER_POLICY"
  selection_criteria = "LogGroupName NOT IN [\"/delivery\"]"

  policy_document = jsonencode({
    DestinationArn = "arn:aws:logs:eu-west-1:222222222222:destination:logs"
    FilterPattern  = ""
  })
}
