locals {
  controls = [
    {
      requirement = "3.4.1"
      control     = "Card numbers in any log group are masked, and found"
      resource    = "aws_cloudwatch_log_account_policy.card_numbers"
      test        = "tests/modules/test_org_logging_forwarding_module.py::test_card_numbers_are_found_and_masked_alike"
    },
    {
      requirement = "10.3.3"
      control     = "Every log group of the account, present and future, is sent to the archive"
      resource    = "aws_cloudwatch_log_account_policy.subscription"
      test        = "tests/modules/test_org_logging_forwarding_module.py::test_every_group_is_sent"
    },
    {
      requirement = "10.7.2"
      control     = "Alarms sound when logs aren't sent, are refused or throttled"
      resource    = "aws_cloudwatch_metric_alarm.sending"
      test        = "tests/modules/test_org_logging_forwarding_module.py::test_alarms_notice_logs_that_are_not_sent"
    },
  ]
}
