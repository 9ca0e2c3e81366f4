output "access_log_group" {
  description = "Log group of the access log: ARN and name."
  value = {
    arn  = aws_cloudwatch_log_group.access.arn
    name = aws_cloudwatch_log_group.access.name
  }
}

output "api" {
  description = "The REST API: id, name, and the ARN that policies on calls start with."
  value = {
    execution_arn = aws_api_gateway_rest_api.api.execution_arn
    id            = aws_api_gateway_rest_api.api.id
    name          = aws_api_gateway_rest_api.api.name
  }
}

output "clients" {
  description = "Clients by name: id of the API key (read its value with `aws apigateway get-api-key --include-value`) and of the usage plan."
  value = {
    for name in keys(var.clients) : name => {
      api_key_id    = local.api_key_ids[name]
      usage_plan_id = aws_api_gateway_usage_plan.client[name].id
    }
  }
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "3.3.1"
      control     = "No body is logged or cached: data trace and caching are off, gateway responses quote no values"
      resource    = "aws_api_gateway_method_settings.all"
      test        = "tests/modules/test_api_gateway_module.py::test_stage_throttles_and_logs_no_bodies"
    },
    {
      requirement = "4.2.1"
      control     = "TLS 1.2 or better with forward secrecy, and no insecure transport"
      resource    = "aws_api_gateway_rest_api.api"
      test        = "tests/modules/test_api_gateway_module.py::test_definition_sets_tls_and_resource_policy"
    },
    {
      requirement = "6.2.4"
      control     = "Every method is throttled, and every request validated against the contract"
      resource    = "aws_api_gateway_method_settings.all"
      test        = "tests/modules/test_api_gateway_module.py::test_every_operation_is_signed_metered_and_validated"
    },
    {
      requirement = "6.2.4"
      control     = "No caller can use up the service: plans, methods and what is held for captures and refunds follow from one capacity, and throttling is alarmed"
      resource    = "aws_api_gateway_usage_plan.client"
      test        = "tests/modules/test_api_gateway_throttling.py::test_others_leave_the_held_part_of_every_limit"
    },
    {
      requirement = "7.3.3"
      control     = "Every operation needs a signature; other accounts are refused"
      resource    = "aws_api_gateway_rest_api.api"
      test        = "tests/modules/test_api_gateway_module.py::test_every_operation_is_signed_metered_and_validated"
    },
    {
      requirement = "6.4.2"
      control     = "What comes from the internet is inspected: no stage is made without a web ACL"
      resource    = "aws_wafv2_web_acl_association.stage"
      test        = "tests/modules/test_api_gateway_module.py::test_no_stage_is_without_a_web_acl"
    },
    {
      requirement = "10.2.1"
      control     = "Every call is logged, encrypted, for a known time"
      resource    = "aws_api_gateway_stage.stage"
      test        = "tests/modules/test_api_gateway_module.py::test_access_log_says_who_did_what_when_and_how_it_ended"
    },
    {
      requirement = "10.2.2"
      control     = "A log entry says who, what, when, from where, on which resource and with which outcome"
      resource    = "aws_api_gateway_stage.stage"
      test        = "tests/modules/test_api_gateway_module.py::test_access_log_says_who_did_what_when_and_how_it_ended"
    },
  ]
}

output "execution_log_group" {
  description = "Log group of the execution log: ARN and name."
  value = {
    arn  = aws_cloudwatch_log_group.execution.arn
    name = aws_cloudwatch_log_group.execution.name
  }
}

output "invoke_policy_json" {
  description = "IAM policy for a role tagged `merchant_id`: it may call this stage's `/merchants/<merchant_id>/` and nothing else."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "CallOwnMerchant"
      Effect   = "Allow"
      Action   = "execute-api:Invoke"
      Resource = "${aws_api_gateway_rest_api.api.execution_arn}/${var.stage_name}/*/merchants/$${aws:PrincipalTag/merchant_id}/*"
    }]
  })
}

output "stage" {
  description = "The stage: ARN, invoke URL and name."
  value = {
    arn        = aws_api_gateway_stage.stage.arn
    invoke_url = aws_api_gateway_stage.stage.invoke_url
    name       = aws_api_gateway_stage.stage.stage_name
  }
}
