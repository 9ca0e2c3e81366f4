locals {
  controls = [
    {
      requirement = "6.5.1"
      control     = "Production changes only after two people approved what was planned, within a window, while its alarms are quiet"
      resource    = "aws_codepipeline.delivery"
      test        = "tests/modules/test_delivery_module.py::test_two_people_approve_what_goes_to_production"
    },
    {
      requirement = "6.5.3"
      control     = "The projects of one environment enter no account of another, and what plans can't apply"
      resource    = "aws_iam_role_policy.project"
      test        = "tests/modules/test_delivery_module.py::test_a_project_enters_only_the_accounts_of_its_stage"
    },
  ]
}
