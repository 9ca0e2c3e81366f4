# Belongs to the management account, and is in every account: members see it and can't change it.
resource "aws_cloudtrail" "organization" {
  count = local.makes_trail ? 1 : 0

  name                          = var.name
  is_organization_trail         = true
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  enable_logging                = true
  s3_bucket_name                = var.archive.bucket_name
  kms_key_id                    = var.archive.kms_key_arn
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.trail[0].arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.trail[0].arn

  advanced_event_selector {
    name = "management"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  dynamic "advanced_event_selector" {
    for_each = var.data_events
    content {
      name = "data-${advanced_event_selector.key}"

      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }

      field_selector {
        field  = "resources.type"
        equals = [advanced_event_selector.value.resource_type]
      }

      dynamic "field_selector" {
        for_each = advanced_event_selector.value.writes_only ? ["false"] : []
        content {
          field  = "readOnly"
          equals = [field_selector.value]
        }
      }

      # A trail that logs its own writing never ends.
      dynamic "field_selector" {
        for_each = local.selected_arns[advanced_event_selector.key]
        content {
          field           = "resources.ARN"
          starts_with     = field_selector.value.starts_with
          not_starts_with = field_selector.value.not_starts_with
        }
      }
    }
  }

  dynamic "advanced_event_selector" {
    for_each = var.network_activity_sources
    content {
      name = "network-${trimsuffix(advanced_event_selector.value, ".amazonaws.com")}"

      field_selector {
        field  = "eventCategory"
        equals = ["NetworkActivity"]
      }

      field_selector {
        field  = "eventSource"
        equals = [advanced_event_selector.value]
      }
    }
  }

  # CloudTrail tries the role when it is set.
  depends_on = [aws_iam_role_policy.trail]
}

locals {
  archive_prefixes = [for bucket in sort(var.archive.bucket_names) : "arn:${local.partition}:s3:::${bucket}/"]

  selected_arns = {
    for name, events in var.data_events : name => [
      for selected in [{
        starts_with     = length(events.arn_prefixes) == 0 ? null : sort(events.arn_prefixes)
        not_starts_with = events.resource_type == "AWS::S3::Object" ? local.archive_prefixes : null
      }] : selected if selected.starts_with != null || selected.not_starts_with != null
    ]
  }
}
