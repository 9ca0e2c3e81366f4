output "alarm_names" {
  description = "Alarms that notify somebody, by API, objective and speed, such as `payments/availability/fast`."
  value       = { for key, alarm in aws_cloudwatch_composite_alarm.burn : key => alarm.alarm_name }
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "10.4.1"
      control     = "One saved query follows a request through all logs, so that they can be reviewed"
      resource    = "aws_cloudwatch_query_definition.request"
      test        = "tests/modules/test_observability_module.py::test_a_saved_query_follows_one_request"
    },
    {
      requirement = "10.7.2"
      control     = "Somebody is alerted when a promise to callers is being broken, and told what to do"
      resource    = "aws_cloudwatch_composite_alarm.burn"
      test        = "tests/modules/test_observability_module.py::test_a_page_needs_a_long_and_a_short_window"
    },
  ]
}

output "dashboard" {
  description = "The CloudWatch dashboard: ARN and name."
  value = {
    arn  = aws_cloudwatch_dashboard.operations.dashboard_arn
    name = aws_cloudwatch_dashboard.operations.dashboard_name
  }
}

output "query_name" {
  description = "Name of the saved query that follows one request; null without log groups."
  value       = one(aws_cloudwatch_query_definition.request[*].name)
}
