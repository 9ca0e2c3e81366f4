# What AWS Config records of this account, its history delivered to the archive. Its bucket has no
# Object Lock, into which Config can't deliver.

locals {
  recorder = { for recorder in var.recorder[*] : "${var.name}-recorder" => recorder }
}

# Service-linked, so no guardrail keeps it from working.
resource "aws_iam_service_linked_role" "config" {
  for_each = local.recorder

  aws_service_name = "config.amazonaws.com"
}

resource "aws_config_configuration_recorder" "account" {
  for_each = local.recorder

  name     = each.key
  role_arn = aws_iam_service_linked_role.config[each.key].arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = true
  }
}

resource "aws_config_delivery_channel" "archive" {
  for_each = local.recorder

  name           = each.key
  s3_bucket_name = each.value.bucket_name
  s3_kms_key_arn = each.value.kms_key_arn

  snapshot_delivery_properties {
    delivery_frequency = "TwentyFour_Hours"
  }

  depends_on = [aws_config_configuration_recorder.account]
}

resource "aws_config_configuration_recorder_status" "account" {
  for_each = local.recorder

  name       = aws_config_configuration_recorder.account[each.key].name
  is_enabled = true

  depends_on = [aws_config_delivery_channel.archive]
}
