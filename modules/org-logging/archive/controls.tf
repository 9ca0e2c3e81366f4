locals {
  controls = [
    {
      requirement = "3.6.1"
      control     = "The key works for the archive's own streams, groups and trail only, and is administered apart from its use"
      resource    = "aws_kms_key.archive"
      test        = "tests/modules/test_org_logging_archive_module.py::test_key_works_for_the_archives_writers_only"
    },
    {
      requirement = "3.7.4"
      control     = "The key rotates every year and waits before deletion"
      resource    = "aws_kms_key.archive"
      test        = "tests/modules/test_org_logging_archive_module.py::test_key_rotates"
    },
    {
      requirement = "4.2.1"
      control     = "Buckets answer over TLS 1.2 or better only"
      resource    = "aws_s3_bucket_policy.archive"
      test        = "tests/modules/test_org_logging_archive_module.py::test_buckets_are_private_and_speak_tls"
    },
    {
      requirement = "10.3.1"
      control     = "Only accounts of the organization send logs, and only those that a bucket names"
      resource    = "aws_cloudwatch_log_destination_policy.archive"
      test        = "tests/modules/test_org_logging_archive_module.py::test_destinations_are_for_the_organization"
    },
    {
      requirement = "10.3.2"
      control     = "Every object version is locked, and nobody deletes one, bypasses or weakens a lock"
      resource    = "aws_s3_bucket_object_lock_configuration.archive"
      test        = "tests/modules/test_org_logging_archive_module.py::test_every_object_is_locked"
    },
    {
      requirement = "10.3.3"
      control     = "Logs of other accounts arrive within a minute, each line with the account, group and stream that it is from"
      resource    = "aws_kinesis_firehose_delivery_stream.archive"
      test        = "tests/modules/test_org_logging_archive_module.py::test_streams_keep_whose_log_it_is"
    },
    {
      requirement = "10.5.1"
      control     = "Logs are kept at least as long as they are locked, and three months at hand"
      resource    = "aws_s3_bucket_lifecycle_configuration.archive"
      test        = "tests/modules/test_org_logging_archive_module.py::test_nothing_expires_before_its_lock"
    },
    {
      requirement = "10.7.2"
      control     = "Alarms sound when logs are late, are lost, or stay away"
      resource    = "aws_cloudwatch_metric_alarm.delivery"
      test        = "tests/modules/test_org_logging_archive_module.py::test_alarms_notice_logs_that_are_late_lost_or_away"
    },
  ]
}
