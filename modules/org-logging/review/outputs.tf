output "alarm_names" {
  description = "Names of the alarms on findings by query, and under `review_incomplete` of the one on a review that didn't complete."
  value = merge(
    { for name, alarm in aws_cloudwatch_metric_alarm.findings : name => alarm.alarm_name },
    { review_incomplete = aws_cloudwatch_metric_alarm.review_incomplete.alarm_name },
  )
}

output "controls" {
  description = "PCI DSS requirements that this module meets: requirement, address of the resource, and how it is tested."
  value = [
    {
      requirement = "10.4.1"
      control     = "Every day's logs are searched for what an attack or a failure leaves in them"
      resource    = "aws_cloudwatch_query_definition.review"
      test        = "tests/daily_review/test_findings.py::test_each_query_finds_its_case_and_nothing_else"
    },
    {
      requirement = "10.4.1.1"
      control     = "The review runs by itself, and a run that is missed or lacks an answer is alarmed"
      resource    = "module.function.aws_cloudwatch_event_rule.schedule"
      test        = "tests/daily_review/test_deployed_review.py::test_a_scheduled_run_reviews_the_day_before"
    },
    {
      requirement = "10.4.2.1"
      control     = "How often logs are reviewed, and from how many events on something is a finding, is configured"
      resource    = "module.function.aws_cloudwatch_event_rule.schedule"
      test        = "tests/daily_review/test_review_module.py::test_period_and_thresholds_follow_the_risk_analysis"
    },
    {
      requirement = "10.4.3"
      control     = "Somebody hears of every finding, with what to do about it"
      resource    = "aws_cloudwatch_metric_alarm.findings"
      test        = "tests/daily_review/test_deployed_review.py::test_findings_are_written_and_alarmed"
    },
    {
      requirement = "10.7.2"
      control     = "A review that fails or doesn't run, and hours in which nothing was logged, are alarmed"
      resource    = "aws_cloudwatch_metric_alarm.review_incomplete"
      test        = "tests/daily_review/test_deployed_review.py::test_a_missed_run_is_alarmed_until_a_review_completes"
    },
  ]
}

output "function" {
  description = "The function that reviews: ARN, name, and the version that was published last."
  value       = module.function.function
}

output "log_group" {
  description = "The log group of the findings: ARN and name."
  value       = module.function.log_group
}

output "queries" {
  description = "The queries that are run, by name: their text as saved, requirement and severity."
  value = {
    for name, query in local.queries : name => {
      requirement = query.requirement
      severity    = query.severity
      text        = local.texts[name]
    }
  }
}

output "schedule_rule_name" {
  description = "Name of the EventBridge rule that runs the review."
  value       = module.function.schedule_rule_name
}
