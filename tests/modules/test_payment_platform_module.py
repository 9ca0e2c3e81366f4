"""modules/payment-platform: the modules composed, with merchants as data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects
from transaction_gateway.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from harness.testing import AppliedRoot, PlannedRoot, Planner
    from harness.testing.examples import ExamplePlanner

MODULE = "modules/payment-platform"
PLATFORM = "module.platform"
API = 'module.platform.module.payments_api["v1"]'
GATEWAY = "module.platform.module.transaction_gateway"
SWEEPER = "module.platform.module.sweeper"
ROLE = 'module.platform.aws_iam_role.merchant["m_bakery"]'

MERCHANT = {
    "rate_per_second": 10,
    "burst": 10,
    "trusted_principal_arns": ["arn:aws:iam::333333333333:root"],
}
GOOD = {
    "environment": "production",
    "acquirer": {"url": "https://acquirer.example.com"},
    "web_acl": {"arn": "arn:aws:wafv2:eu-west-1:555555555555:regional/webacl/payments/1"},
    "capacity": {"transactions_per_second": 50, "burst": 50},
    "merchants": {"m_bakery": MERCHANT},
    "network": {"cidr_block": "10.24.0.0/20"},
    "internal_domain": {"name": "services.payments.example", "public_zone_id": "Z0123456789"},
}


def trusting(*arns: str) -> dict[str, Any]:
    return {"m_bakery": {**MERCHANT, "trusted_principal_arns": list(arns)}}


REFUSED: dict[str, tuple[str, Any, str]] = {
    "other_environment": ("environment", "staging", '"dev", "qa", "integration"'),
    "not_packaged": ("release_directory", "nowhere", "`make package`"),
    "no_scheme": ("acquirer", {"url": "acquirer.example.com"}, "with its scheme"),
    "plain_http": ("acquirer", {"url": "http://acquirer.example.com"}, "by https:// only"),
    "patient": (
        "acquirer",
        {"url": "https://acquirer.example.com", "timeout_ms": 60000},
        "50 to 10000 ms",
    ),
    "odd_merchant": ("merchants", {"bakery": MERCHANT}, 'A merchant id is "m_"'),
    "trusts_nobody": ("merchants", trusting(), "at least one trusted principal"),
    "trusts_everybody": ("merchants", trusting("*"), 'Users and "*" are refused'),
    "odd_domain": (
        "internal_domain",
        {"name": "Services.Example", "public_zone_id": "Z0123456789"},
        "in lower case and with at most 54 characters",
    ),
    "zone_by_name": (
        "internal_domain",
        {"name": "services.payments.example", "public_zone_id": "payments.example"},
        "by its id in Route 53",
    ),
    "odd_currency": ("fraud", {"fail_open_below": {"euro": 5}}, "whole minor units by currency"),
    "half_a_cent": ("fraud", {"fail_open_below": {"EUR": 0.5}}, "whole minor units by currency"),
    "refuses_before_reviewing": (
        "fraud",
        {"review_at": 500, "refuse_at": 400},
        "Review from a score of 1 on",
    ),
    "waits_for_fraud": ("fraud", {"timeout_ms": 5000}, "waits 5 to 2000 ms"),
    "scores_too_late": (
        "fraud",
        {"deadline_ms": 80, "timeout_ms": 80},
        "less than an authorization waits for it",
    ),
    "odd_limit": ("refund_second_person_above", {"EUR": -1}, "{ EUR = 50000 }"),
    "chatty": ("logs", {"level": "TRACE"}, "DEBUG, INFO, WARN or ERROR"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_input_is_refused(plan: Planner, release: Path, case: str) -> None:
    variable, value, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan(MODULE, {**GOOD, "release_directory": release, variable: value})


@pytest.fixture
def planned(plan_example: ExamplePlanner) -> PlannedRoot:
    return plan_example("modules/payment-platform/README.md")


def test_functions_know_table_and_acquirer(planned: PlannedRoot) -> None:
    common = {
        "ACQUIRER_TIMEOUT_MS": "2000",
        "ACQUIRER_URL": "https://acquirer.example.com",
        "ENVIRONMENT": "qa",
        "LOG_LEVEL": "INFO",
        "PAYMENTS_TABLE": "payments-qa-transactions",
    }
    fraud = {
        "FRAUD_FAIL_OPEN_BELOW": "{}",
        "FRAUD_TIMEOUT_MS": "80",
        "FRAUD_URL": "https://fraud.services.qa.payments.example",
    }
    assert variables_of(planned, GATEWAY) == {**common, **fraud}
    assert variables_of(planned, SWEEPER) == common


def variables_of(planned: PlannedRoot, function: str) -> dict[str, str]:
    (environment,) = planned.one(f"{function}.aws_lambda_function.service")["environment"]
    variables: dict[str, str] = environment["variables"]
    return variables


def test_functions_accept_the_log_level_that_they_are_given(plan: Planner, release: Path) -> None:
    planned = plan(MODULE, GOOD, release_directory=release, logs={"level": "WARN"})
    for name in ("transaction_gateway", "sweeper"):
        variables = variables_of(planned, f"module.{name}")
        assert Settings.from_environment(variables).log_level == "WARN"


IN_VPC = {
    "dashboard_projector": "service",
    "event_publisher": "service",
    "sweeper": "egress",
    "tokenizer": "egress",
    "transaction_gateway": "egress",
}


@pci("1.4.4")
def test_the_payment_path_is_in_the_network_and_only_webhooks_leave_it(
    applied_payment_platform: AppliedRoot,
) -> None:
    resources = applied_payment_platform.resources
    network = f"{PLATFORM}.module.network"
    tiers = {
        tier: {
            item["id"]
            for address, item in resources.items()
            if address.startswith(f"{network}.aws_subnet.{tier}[")
        }
        for tier in ("egress", "service")
    }
    client = resources[f"{network}.aws_security_group.acquirer_client[0]"]["id"]
    for name, tier in IN_VPC.items():
        function = resources[f"{PLATFORM}.module.{name}.aws_lambda_function.service"]
        (vpc,) = function["vpc_config"]
        assert set(vpc["subnet_ids"]) == tiers[tier], name
        assert (client in vpc["security_group_ids"]) is (tier == "egress"), name
    sender = resources[f"{PLATFORM}.module.webhook_sender.aws_lambda_function.service"]
    assert not sender["vpc_config"]


def test_without_the_acquirers_networks_there_is_no_way_out(plan: Planner, release: Path) -> None:
    planned = plan(MODULE, GOOD, release_directory=release)
    planned.expect_counts(exhaustive=False, aws_nat_gateway=0, aws_route=0)


SERVICES = {"fraud": 443, "dashboard": 8443}


@pytest.mark.parametrize("service", SERVICES)
def test_private_apis_lead_to_the_services_by_names_of_the_certificate(
    applied_payment_platform: AppliedRoot, service: str
) -> None:
    resources = applied_payment_platform.resources
    host = f"{service}.services.qa.payments.example"
    certificate = resources[f"{PLATFORM}.aws_acm_certificate.services"]
    assert host in certificate["subject_alternative_names"]
    record = resources[f'{PLATFORM}.aws_route53_record.service["{host}"]']
    balancer = resources[f"{PLATFORM}.module.fraud_detection.aws_lb.service[0]"]
    assert [alias["name"] for alias in record["alias"]] == [balancer["dns_name"]]
    body = json.loads(
        resources[f'{PLATFORM}.module.{service}_api["v1"].aws_api_gateway_rest_api.api']["body"]
    )
    operations = [
        operation
        for path in body["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    assert operations
    port = "" if SERVICES[service] == 443 else f":{SERVICES[service]}"
    for operation in operations:
        uri = operation["x-amazon-apigateway-integration"]["uri"]
        assert uri.startswith(f"https://{host}{port}/merchants/"), uri


@pci("7.2.5", "3.6.1")
def test_only_the_tokenizer_may_use_the_card_keys_and_nobody_decrypts(
    applied_payment_platform: AppliedRoot,
) -> None:
    resources = applied_payment_platform.resources
    for name, action in {"card": "kms:Encrypt", "card_equality": "kms:GenerateMac"}.items():
        key = resources[f"{PLATFORM}.aws_kms_key.{name}"]
        statements = json.loads(key["policy"])["Statement"]
        uses = [item for item in statements if item["Sid"] != "AdministerKey"]
        role = "arn:aws:iam::555555555555:role/payments-qa-tokenizer"
        assert [item["Action"] for item in uses] == [action]
        assert [item["Condition"] for item in uses] == [{"ArnEquals": {"aws:PrincipalArn": role}}]
        assert not any(
            re.match(r"kms:(Decrypt|Encrypt|Generate|ReEncrypt|CreateGrant|\*)", each)
            for item in statements
            if item["Sid"] == "AdministerKey"
            for each in item["Action"]
        )
        users = {
            address
            for address, policy in _role_policies(applied_payment_platform).items()
            if key["arn"] in json.dumps(policy)
        }
        assert users == {f"{PLATFORM}.module.tokenizer.aws_iam_role_policy.function"}


@pci("7.2.5")
def test_only_the_tokenizer_reaches_the_vault(applied_payment_platform: AppliedRoot) -> None:
    users = {
        address
        for address, policy in _role_policies(applied_payment_platform).items()
        if "table/payments-qa-vault" in json.dumps(policy)
    }
    assert users == {f"{PLATFORM}.module.tokenizer.aws_iam_role_policy.function"}


ACTIONS = {
    "dashboard_projector": {
        "dashboard": {"GetItem", "PutItem", "UpdateItem"},
        "transactions": {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"},
    },
    "event_publisher": {
        "transactions": {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"},
    },
    "fraud_detection": {
        "fraud-counters": {"BatchGetItem", "PutItem", "UpdateItem"},
        "transactions": {"GetItem"},
    },
    "merchant_dashboard": {
        "dashboard": {"GetItem", "PutItem", "Query", "UpdateItem"},
        "transactions": {"GetItem"},
        "webhooks": {"GetItem", "Query"},
    },
    "tokenizer": {"transactions": {"GetItem"}, "vault": {"GetItem", "PutItem", "UpdateItem"}},
    "webhook_sender": {"webhooks": {"GetItem", "PutItem", "Query"}},
}


@pci("7.2.5")
@pytest.mark.parametrize("part", ACTIONS)
def test_each_part_touches_its_own_tables_alone(
    applied_payment_platform: AppliedRoot, part: str
) -> None:
    found: dict[str, set[str]] = {}
    for address, policy in _role_policies(applied_payment_platform).items():
        if address.startswith(f"{PLATFORM}.module.{part}."):
            for item in policy["Statement"]:
                for resource in _listed(item["Resource"]):
                    if table := re.search(r":table/payments-qa-([a-z-]+)", resource):
                        actions = {each.partition(":")[2] for each in _listed(item["Action"])}
                        found.setdefault(table[1], set()).update(actions)
    assert found == ACTIONS[part]


def _role_policies(applied: AppliedRoot) -> dict[str, dict[str, Any]]:
    return {
        address: json.loads(item["policy"])
        for address, item in applied.resources.items()
        if ".aws_iam_role_policy." in address
    }


def test_a_score_is_due_long_before_an_authorization_stops_waiting(
    applied_payment_platform: AppliedRoot,
) -> None:
    resources = applied_payment_platform.resources
    task = resources[f"{PLATFORM}.module.fraud_detection.aws_ecs_task_definition.service"]
    (container,) = json.loads(task["container_definitions"])
    variables = {each["name"]: each["value"] for each in container["environment"]}
    function = resources[f"{GATEWAY}.aws_lambda_function.service"]
    (environment,) = function["environment"]
    assert variables["SCORE_DEADLINE_MS"] == "20"
    assert environment["variables"]["FRAUD_TIMEOUT_MS"] == "80"


@pytest.mark.parametrize("reader", ["dashboard_projector", "event_publisher"])
def test_a_record_that_cannot_be_read_does_not_hold_the_stream(
    applied_payment_platform: AppliedRoot, reader: str
) -> None:
    resources = applied_payment_platform.resources
    mapping = resources[f'{PLATFORM}.aws_lambda_event_source_mapping.stream["{reader}"]']
    table = resources[f'{PLATFORM}.module.data.aws_dynamodb_table.table["transactions"]']
    queue = resources[f"{PLATFORM}.module.{reader}.aws_sqs_queue.dead_letters"]
    assert table["stream_view_type"] == "NEW_AND_OLD_IMAGES"
    assert mapping["event_source_arn"] == table["stream_arn"]
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert mapping["bisect_batch_on_function_error"]
    assert mapping["maximum_retry_attempts"] == 10
    (destination,) = mapping["destination_config"]
    assert destination["on_failure"] == [{"destination_arn": queue["arn"]}]


def test_webhooks_wait_in_an_encrypted_queue_that_only_the_rule_fills(
    applied_payment_platform: AppliedRoot,
) -> None:
    resources = applied_payment_platform.resources
    queue = resources[f"{PLATFORM}.aws_sqs_queue.webhooks"]
    letters = resources[f"{PLATFORM}.aws_sqs_queue.webhook_dead_letters"]
    rule = resources[f"{PLATFORM}.aws_cloudwatch_event_rule.webhooks"]
    redrive = {"deadLetterTargetArn": letters["arn"], "maxReceiveCount": 20}
    assert json.loads(queue["redrive_policy"]) == redrive
    for each in (queue, letters):
        assert each["kms_master_key_id"]
        statements = {item["Sid"]: item for item in json.loads(each["policy"])["Statement"]}
        assert statements["QueueEvents"]["Condition"] == {
            "ArnEquals": {"aws:SourceArn": rule["arn"]}
        }
        assert statements["QueueEvents"]["Resource"] == each["arn"]
    mapping = resources[f"{PLATFORM}.aws_lambda_event_source_mapping.webhooks"]
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    function = resources[f"{PLATFORM}.module.webhook_sender.aws_lambda_function.service"]
    assert queue["visibility_timeout_seconds"] >= 6 * function["timeout"]


@pci("8.6.3")
def test_merchant_role_refuses_session_tags(planned: PlannedRoot) -> None:
    (trust,) = planned.one(ROLE).json("assume_role_policy")["Statement"]
    assert trust["Action"] == "sts:AssumeRole"
    assert trust["Principal"] == {"AWS": ["arn:aws:iam::333333333333:role/bakery-checkout"]}


@pci("7.2.5")
def test_merchant_role_reaches_its_own_paths_only(applied_payment_platform: AppliedRoot) -> None:
    role = applied_payment_platform.resources[ROLE]
    iam = applied_payment_platform.client("iam")
    assert role["tags"]["merchant_id"] == "m_bakery"
    assert role["max_session_duration"] == 3600
    inline = iam.list_role_policies(RoleName=role["name"])["PolicyNames"]
    assert inline == ["call-payments-apis"]
    policy = iam.get_role_policy(RoleName=role["name"], PolicyName=inline[0])["PolicyDocument"]
    resources = {statement["Sid"]: statement["Resource"] for statement in policy["Statement"]}
    assert len(set(resources.values())) == 3, "one for each API"
    for resource in resources.values():
        assert resource.endswith("/live/*/merchants/${aws:PrincipalTag/merchant_id}/*")
    assert iam.list_attached_role_policies(RoleName=role["name"])["AttachedPolicies"] == []


def test_profile_binds_the_merchant_to_its_key(applied_payment_platform: AppliedRoot) -> None:
    profile = applied_payment_platform.client("dynamodb").get_item(
        TableName="payments-qa-transactions",
        Key={"pk": {"S": "MERCHANT#m_bakery"}, "sk": {"S": "PROFILE"}},
    )["Item"]
    key = f'{PLATFORM}.aws_api_gateway_api_key.merchant["m_bakery"]'
    assert profile["merchant_id"]["S"] == "m_bakery"
    assert profile["api_key_id"]["S"] == applied_payment_platform.resources[key]["id"]


@pci("7.2.5")
def test_functions_cannot_rewrite_a_profile(applied_payment_platform: AppliedRoot) -> None:
    role_policy = f"{GATEWAY}.aws_iam_role_policy.function"
    policy = json.loads(applied_payment_platform.resources[role_policy]["policy"])
    statements = {item["Sid"]: item for item in policy["Statement"]}
    condition = {"ForAllValues:StringNotEquals": {"dynamodb:Attributes": ["api_key_id"]}}
    assert statements["WritePayments"]["Condition"] == condition
    actions = [action for item in statements.values() for action in _listed(item["Action"])]
    assert not {"dynamodb:DeleteItem", "dynamodb:Scan"} & set(actions)


@pci("7.2.5")
def test_sweeper_can_only_find_and_finish_payments(applied_payment_platform: AppliedRoot) -> None:
    role_policy = f"{SWEEPER}.aws_iam_role_policy.function"
    policy = json.loads(applied_payment_platform.resources[role_policy]["policy"])
    table = "arn:aws:dynamodb:eu-west-1:555555555555:table/payments-qa-transactions"
    allowed = {
        (action, resource)
        for item in policy["Statement"]
        for action in _listed(item["Action"])
        for resource in _listed(item["Resource"])
        if action.startswith("dynamodb:")
    }
    assert allowed == {
        ("dynamodb:Query", f"{table}/index/unresolved"),
        ("dynamodb:UpdateItem", table),
    }


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


def test_changes_touch_only_what_they_must(applied_payment_platform: AppliedRoot) -> None:
    """A canary moves the alias alone; a new definition is deployed before the old one goes."""
    change = """
      module "platform" {
        canary                       = { stable_version = "1", weight = 0.1 }
        disable_execute_api_endpoint = true
      }
    """
    override = applied_payment_platform.root.directory / "change_override.tf"
    override.write_text(change)
    try:
        plan = applied_payment_platform.plan()
    finally:
        override.unlink()
    changes = {change.address: change.actions for change in plan.changes}
    apis = [f'{PLATFORM}.module.{name}_api["v1"]' for name in ("dashboard", "fraud", "payments")]
    assert changes == {
        **{f"{api}.aws_api_gateway_deployment.api": ("create", "delete") for api in apis},
        **{f"{api}.aws_api_gateway_rest_api.api": ("update",) for api in apis},
        **{f"{api}.aws_api_gateway_stage.stage": ("update",) for api in apis},
        f"{GATEWAY}.aws_lambda_alias.live": ("update",),
    }
