locals {
  controls = [
    {
      requirement = "3.4.1"
      control     = "Nobody in a member account reads what logs mask"
      resource    = "aws_organizations_policy.guardrail[\"<name>-log-settings\"]"
      test        = "tests/modules/test_organization_module.py::test_masked_data_stays_masked"
    },
    {
      requirement = "6.5.1"
      control     = "The deploy role alone changes the code of functions"
      resource    = "aws_organizations_policy.guardrail[\"<name>-function-code\"]"
      test        = "tests/modules/test_organization_module.py::test_code_is_the_deploy_roles"
    },
    {
      requirement = "7.2.5"
      control     = "The archive's buckets and keys are open to this organization alone, and to services that act for it"
      resource    = "aws_organizations_policy.guardrail[\"<name>-log-perimeter\"]"
      test        = "tests/modules/test_organization_module.py::test_archive_is_open_to_the_organization_alone"
    },
    {
      requirement = "8.2.2"
      control     = "Root users of member accounts can do nothing"
      resource    = "aws_organizations_policy.guardrail[\"<name>-accounts\"]"
      test        = "tests/modules/test_organization_module.py::test_root_users_can_do_nothing"
    },
    {
      requirement = "8.4.1"
      control     = "Guardrails are lifted by named people with MFA, for an hour"
      resource    = "aws_iam_role.break_glass"
      test        = "tests/modules/test_organization_module.py::test_break_glass_is_for_named_people_with_mfa"
    },
    {
      requirement = "10.2.1"
      control     = "No member account stops, changes or deletes a trail, or works where none of its logs are shipped"
      resource    = "aws_organizations_policy.guardrail[\"<name>-accounts\"]"
      test        = "tests/modules/test_organization_module.py::test_accounts_stay_under_the_trail"
    },
    {
      requirement = "10.2.1.2"
      control     = "Every use of the break-glass role raises an alarm"
      resource    = "aws_cloudwatch_event_rule.break_glass_use"
      test        = "tests/modules/test_organization_module.py::test_every_use_of_break_glass_raises_an_alarm"
    },
    {
      requirement = "10.3.2"
      control     = "Nobody deletes logs, their way to the archive, or keys; outside production the deploy role alone"
      resource    = "aws_organizations_policy.guardrail[\"<name>-log-deletion\"]"
      test        = "tests/modules/test_organization_module.py::test_logs_and_keys_are_not_deleted"
    },
    {
      requirement = "10.3.2"
      control     = "Objects in the archive are neither deleted nor unlocked"
      resource    = "aws_organizations_policy.guardrail[\"<name>-log-archive\"]"
      test        = "tests/modules/test_organization_module.py::test_archive_stays_locked"
    },
    {
      requirement = "10.3.3"
      control     = "The deploy role alone decides where logs are shipped"
      resource    = "aws_organizations_policy.guardrail[\"<name>-log-settings\"]"
      test        = "tests/modules/test_organization_module.py::test_settings_of_logs_are_the_deploy_roles"
    },
    {
      requirement = "10.5.1"
      control     = "The deploy role alone decides how long logs are kept"
      resource    = "aws_organizations_policy.guardrail[\"<name>-log-settings\"]"
      test        = "tests/modules/test_organization_module.py::test_settings_of_logs_are_the_deploy_roles"
    },
  ]
}
