resource "aws_wafv2_web_acl" "apis" {
  name        = var.name
  description = "Stands before the APIs of ${var.name}"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = toset(local.rule_names)

    content {
      name     = rule.value
      priority = local.priorities[rule.value]

      # A group's rules have actions of their own, which are overridden or not.
      dynamic "action" {
        for_each = contains(keys(local.groups), rule.value) ? [] : [local.actions[rule.value]]

        content {
          dynamic "allow" {
            for_each = action.value == "allow" ? ["allow"] : []
            content {}
          }

          # The gateway's response WAF_FILTERED answers: AWS WAF can't set problem+json.
          dynamic "block" {
            for_each = action.value == "block" ? ["block"] : []
            content {}
          }

          dynamic "count" {
            for_each = action.value == "count" ? ["count"] : []
            content {}
          }
        }
      }

      dynamic "override_action" {
        for_each = contains(keys(local.groups), rule.value) ? [local.actions[rule.value]] : []

        content {
          dynamic "count" {
            for_each = override_action.value == "count" ? ["count"] : []
            content {}
          }

          dynamic "none" {
            for_each = override_action.value == "block" ? ["none"] : []
            content {}
          }
        }
      }

      statement {
        dynamic "or_statement" {
          for_each = [for name, sets in local.sets_by_rule : sets if name == rule.value]

          content {
            dynamic "statement" {
              for_each = or_statement.value

              content {
                ip_set_reference_statement {
                  arn = statement.value
                }
              }
            }
          }
        }

        # A larger body than AWS WAF is shown matches too, so no prefix passes for the whole.
        dynamic "size_constraint_statement" {
          for_each = rule.value == "body-size" ? [var.body_limit_bytes] : []

          content {
            comparison_operator = "GT"
            size                = size_constraint_statement.value

            field_to_match {
              body {
                oversize_handling = "MATCH"
              }
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }

        dynamic "geo_match_statement" {
          for_each = rule.value == "countries" ? local.refused_countries : []

          content {
            country_codes = sort(geo_match_statement.value)
          }
        }

        dynamic "not_statement" {
          for_each = rule.value == "countries" ? local.only_countries : []

          content {
            statement {
              geo_match_statement {
                country_codes = sort(not_statement.value)
              }
            }
          }
        }

        dynamic "or_statement" {
          for_each = rule.value == "sql-injection" ? ["sql-injection"] : []

          content {
            statement {
              sqli_match_statement {
                sensitivity_level = "LOW"

                field_to_match {
                  query_string {}
                }

                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
              }
            }

            statement {
              sqli_match_statement {
                sensitivity_level = "LOW"

                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
              }
            }

            statement {
              sqli_match_statement {
                sensitivity_level = "LOW"

                field_to_match {
                  json_body {
                    invalid_fallback_behavior = "EVALUATE_AS_STRING"
                    match_scope               = "ALL"
                    oversize_handling         = "CONTINUE" # body-size refuses it

                    match_pattern {
                      all {}
                    }
                  }
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }

        dynamic "or_statement" {
          for_each = rule.value == "cross-site-scripting" ? ["cross-site-scripting"] : []

          content {
            statement {
              xss_match_statement {
                field_to_match {
                  query_string {}
                }

                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
              }
            }

            statement {
              xss_match_statement {
                field_to_match {
                  uri_path {}
                }

                text_transformation {
                  priority = 0
                  type     = "URL_DECODE"
                }
              }
            }

            statement {
              xss_match_statement {
                field_to_match {
                  json_body {
                    invalid_fallback_behavior = "EVALUATE_AS_STRING"
                    match_scope               = "ALL"
                    oversize_handling         = "CONTINUE" # body-size refuses it

                    match_pattern {
                      all {}
                    }
                  }
                }

                text_transformation {
                  priority = 0
                  type     = "NONE"
                }
              }
            }
          }
        }

        dynamic "managed_rule_group_statement" {
          for_each = [for name, group in local.groups : group if name == rule.value]

          content {
            name        = managed_rule_group_statement.value.name
            vendor_name = managed_rule_group_statement.value.vendor
            version     = managed_rule_group_statement.value.version

            dynamic "rule_action_override" {
              for_each = managed_rule_group_statement.value.rules_counted_until

              content {
                name = rule_action_override.key

                action_to_use {
                  count {}
                }
              }
            }
          }
        }

        dynamic "rate_based_statement" {
          for_each = [for name, rate in local.rates : rate if name == rule.value]

          content {
            aggregate_key_type    = rate_based_statement.value.key_type
            evaluation_window_sec = var.rate_limits.window_seconds
            limit                 = rate_based_statement.value.requests

            dynamic "custom_key" {
              for_each = rate_based_statement.value.key_headers

              content {
                header {
                  name = custom_key.value

                  text_transformation {
                    priority = 0
                    type     = "NONE"
                  }
                }
              }
            }

            # What isn't an address is as if nobody had limited it: refused.
            dynamic "forwarded_ip_config" {
              for_each = rate_based_statement.value.forwarded_in

              content {
                fallback_behavior = "MATCH"
                header_name       = forwarded_ip_config.value
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.value
        sampled_requests_enabled   = false
      }
    }
  }

  data_protection_config {
    dynamic "data_protection" {
      for_each = local.protected_fields

      content {
        action                     = data_protection.value.action
        exclude_rate_based_details = false
        exclude_rule_match_details = false

        field {
          field_keys = data_protection.value.keys
          field_type = data_protection.value.type
        }
      }
    }
  }

  # Samples would hold what logs leave out: redaction doesn't apply to them.
  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = false
  }
}
