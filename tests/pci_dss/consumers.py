"""What other teams may write: raw resources that checkov's own checks pass, and our modules."""

from __future__ import annotations

FALSE_PASSES = {
    # What is bad, by address; the built-in checks that pass it; the policy of ours that fails it.
    "aws_ecs_task_definition.worker": (("CKV_AWS_334",), "PCI_1"),
    "aws_vpc_security_group_egress_rule.out": (("CKV_AWS_382",), "PCI_3"),
    "aws_wafv2_web_acl.edge": (("CKV_AWS_175", "CKV_AWS_342"), "PCI_7"),
    "aws_api_gateway_method.pay": (("CKV_AWS_59", "CKV2_AWS_70"), "PCI_5"),
    "aws_kms_key.cards": (("CKV_AWS_33",), "PCI_10"),
}

RAW = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_ecs_task_definition" "worker" {
  family = "worker"
  container_definitions = jsonencode([
    { name = "app", image = "shop/app:1", privileged = true },
  ])
}

resource "aws_security_group" "worker" {
  name        = "worker"
  description = "Tasks of the worker"
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.worker.id
  description       = "Everything"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_wafv2_web_acl" "edge" {
  name  = "edge"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "common"
    priority = 1

    override_action {
      count {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesCommonRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "common"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "edge"
    sampled_requests_enabled   = true
  }
}

resource "aws_api_gateway_rest_api" "shop" {
  name = "shop"
}

resource "aws_api_gateway_method" "pay" {
  rest_api_id      = aws_api_gateway_rest_api.shop.id
  resource_id      = aws_api_gateway_rest_api.shop.root_resource_id
  http_method      = "POST"
  authorization    = "NONE"
  api_key_required = true
}

resource "aws_kms_key" "cards" {
  description             = "cards"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "kms:*"
      Resource  = "*"
      Condition = { StringLike = { "aws:UserAgent" = "*" } }
    }]
  })
}
"""

CALLING_A_MODULE = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

module "ledger" {
  source     = "%s/modules/data"
  name       = "shop"
  data_class = "payments"
  tables     = { ledger = { hash_key = "pk", attributes = { pk = "S" } } }
}
"""

EXCEPTION = """
[[exception]]
id = "{id}"
check = "PCI_3"
environment = "{environment}"
address = "{address}"
requirement = "1.3.2"
owner = "shop team"
approver = "CISO"
approved = {approved}
expires = {expires}
constraint = "the bank's addresses change every day"
objective = "only known hosts are called"
risk = "data leaves"
control = "a proxy allows the bank's names alone"
validation = "tried every month"
maintenance = "the proxy's list is reviewed"
"""
