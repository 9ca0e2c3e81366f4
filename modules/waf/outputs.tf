output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "6.4.2"
      control     = "What comes from the internet is inspected: managed groups, signatures, addresses, size and rates refuse; a rule that only counts does so until a date"
      resource    = "aws_wafv2_web_acl.apis"
      test        = "tests/modules/test_waf_module.py::test_every_rule_is_deployed_once_in_order_and_blocks"
    },
    {
      requirement = "8.3.2"
      control     = "Signatures, session tokens, cookies, API keys and headers of free text aren't written to the log, and nothing is sampled"
      resource    = "aws_wafv2_web_acl_logging_configuration.apis"
      test        = "tests/modules/test_waf_module.py::test_no_secret_and_no_free_text_reaches_log_or_samples"
    },
    {
      requirement = "10.2.1"
      control     = "What a rule refused or counted is logged, encrypted"
      resource    = "aws_wafv2_web_acl_logging_configuration.apis"
      test        = "tests/modules/test_waf_module.py::test_what_rules_refused_or_counted_is_logged_encrypted_for_a_known_time"
    },
    {
      requirement = "10.7.2"
      control     = "An alarm sounds when requests are refused and none is logged"
      resource    = "aws_cloudwatch_metric_alarm.unlogged"
      test        = "tests/modules/test_waf_module.py::test_alarms_sound_on_attacks_floods_and_silence"
    },
  ]
}

output "log_group" {
  description = "Log group of what rules refused or counted: ARN and name."
  value = {
    arn  = aws_cloudwatch_log_group.web_acl.arn
    name = aws_cloudwatch_log_group.web_acl.name
  }
}

output "web_acl" {
  description = "The web ACL: ARN, id, name, and the units of capacity that AWS counts."
  value = {
    arn      = aws_wafv2_web_acl.apis.arn
    capacity = aws_wafv2_web_acl.apis.capacity
    id       = aws_wafv2_web_acl.apis.id
    name     = aws_wafv2_web_acl.apis.name
  }
}
