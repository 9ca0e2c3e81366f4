output "aggregator_arn" {
  description = "ARN of what gathers Config's records of all accounts; null without `aggregates_organization`."
  value       = one(aws_config_configuration_aggregator.organization[*].arn)
}

output "controls" {
  description = "PCI DSS requirements that this module meets where it is asked to: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "11.5.1"
      control     = "Every account of the organization is watched for intrusions, and findings are told"
      resource    = "aws_guardduty_organization_configuration.organization"
      test        = "tests/modules/test_detection_module.py::test_every_account_is_watched_and_findings_are_told"
    },
    {
      requirement = "10.2.1"
      control     = "Changes of resources are recorded and their history is delivered to the archive"
      resource    = "aws_config_configuration_recorder.account"
      test        = "tests/modules/test_detection_module.py::test_changes_are_recorded_for_the_archive"
    },
  ]
}

output "recorder_name" {
  description = "Name of the account's recorder; null without `recorder`."
  value       = one([for recorder in aws_config_configuration_recorder.account : recorder.name])
}
