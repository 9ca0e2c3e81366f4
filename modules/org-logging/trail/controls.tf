locals {
  controls = [
    {
      requirement = "10.2.1"
      control     = "Calls in every account and region are logged, and access to stored data, but for the archive's own"
      resource    = "aws_cloudtrail.organization"
      test        = "tests/modules/test_org_logging_trail_module.py::test_every_account_and_region_is_logged"
    },
    {
      requirement = "10.3.2"
      control     = "Whoever tampers with logging in any account raises an alarm"
      resource    = "aws_cloudwatch_metric_alarm.tampering"
      test        = "tests/modules/test_org_logging_trail_module.py::test_tampering_in_any_account_sounds_an_alarm"
    },
    {
      requirement = "10.3.4"
      control     = "Files are validated by digests, which are signed and chained"
      resource    = "aws_cloudtrail.organization"
      test        = "tests/modules/test_org_logging_trail_module.py::test_files_are_validated_and_encrypted"
    },
    {
      requirement = "10.7.2"
      control     = "An alarm sounds when the trail is silent"
      resource    = "aws_cloudwatch_metric_alarm.silent"
      test        = "tests/modules/test_org_logging_trail_module.py::test_a_silent_trail_sounds_an_alarm"
    },
  ]
}
