"""The environments differ in what environments/differences.toml lists, and in nothing else."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from environments.changing import ChangedPlan
from environments.conftest import REPOSITORY
from harness.platform import ENVIRONMENTS
from harness.testing import pci
from promotion.__main__ import main
from promotion.differences import judge
from promotion.errors import BrokenInputError, Refused
from promotion.may_differ import MayDiffer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from promotion.differences import Difference

    Plans = Mapping[str, Mapping[str, Any]]
    Change = Callable[[ChangedPlan], object]

FOLDER = REPOSITORY / "environments"
NETWORK = "module.platform.module.network"
INGRESS = f"{NETWORK}.aws_vpc_security_group_ingress_rule"
FINDINGS = "module.forwarding.aws_cloudwatch_log_metric_filter.findings"
API = 'module.platform.module.payments_api["v1"].aws_api_gateway_rest_api.api'
# Plans from nothing don't have these: tests/platform/test_deployed_production.py.
KNOWN_ONCE_APPLIED = 'what = "Hashes of what is compared itself"'
UNDER_WAY = {
    "payments": {
        "phase": "legacy",
        "legacy": {
            "base_url": "https://legacy.services.dev.payments.example",
            "load_balancer_arn": "arn:aws:elasticloadbalancing:eu-west-1:444444444444:"
            "loadbalancer/net/legacy/50dc6c495c0c9188",
        },
    }
}
GATEWAY = "module.platform.module.transaction_gateway"


@pci("6.5.1")
def test_nothing_else_differs_and_nothing_is_listed_for_nothing(plans: Plans) -> None:
    judgement = judge([*plans.values()], FOLDER)
    assert not judgement.refused, "\n".join(map(str, judgement.refused))
    assert not judgement.unused
    assert judgement.resources > 400
    judgement.require()


def _without_blocked_requests(values: dict[str, Any]) -> None:
    (logged,) = values["logging_filter"]
    del logged["filter"][0]["condition"][0]


def _open_a_port_of_the_network(values: dict[str, Any]) -> None:
    values["ingress"].append(
        {**values["ingress"][0], "rule_no": 900, "from_port": 22, "to_port": 22}
    )


LOSES_OR_GAINS: dict[str, tuple[Change, str, str]] = {
    "loses_a_metric_filter": (lambda plan: plan.remove(FINDINGS), FINDINGS, "the resource"),
    "filters_for_something_else": (
        lambda plan: plan.edit(FINDINGS, lambda values: values.update(pattern="nothing")),
        FINDINGS,
        "pattern",
    ),
    "logs_no_blocked_requests": (
        lambda plan: plan.edit(
            "module.waf.aws_wafv2_web_acl_logging_configuration.apis", _without_blocked_requests
        ),
        "module.waf.aws_wafv2_web_acl_logging_configuration.apis",
        "logging_filter[0].filter[0].condition[0]",
    ),
    "masks_nothing": (
        lambda plan: plan.edit_json(
            "module.forwarding.aws_cloudwatch_log_account_policy.card_numbers",
            "policy_document",
            lambda policy: policy["Statement"].pop(),
        ),
        "module.forwarding.aws_cloudwatch_log_account_policy.card_numbers",
        "policy_document.Statement.Mask",
    ),
    "gains_a_rule": (
        lambda plan: plan.add(f"{INGRESS}.endpoints_from_functions", "debug", from_port=22),
        f"{INGRESS}.debug",
        "the resource",
    ),
    "widens_a_port": (
        lambda plan: plan.edit(
            f"{INGRESS}.endpoints_from_functions", lambda values: values.update(to_port=8443)
        ),
        f"{INGRESS}.endpoints_from_functions",
        "to_port",
    ),
    "opens_a_port_of_the_network": (
        lambda plan: plan.edit(f"{NETWORK}.aws_network_acl.data", _open_a_port_of_the_network),
        f"{NETWORK}.aws_network_acl.data",
        "ingress[2]",
    ),
    "lets_the_world_in": (
        lambda plan: plan.edit(
            f"{NETWORK}.aws_network_acl.data",
            lambda values: values["ingress"][0].update(cidr_block="0.0.0.0/0"),
        ),
        f"{NETWORK}.aws_network_acl.data",
        "ingress[0].cidr_block",
    ),
    "stops_rotating_a_key": (
        lambda plan: plan.edit(
            "module.waf.aws_kms_key.logs", lambda values: values.update(enable_key_rotation=False)
        ),
        "module.waf.aws_kms_key.logs",
        "enable_key_rotation",
    ),
    "sets_a_variable": (
        lambda plan: plan.edit(
            f"{GATEWAY}.aws_lambda_function.service",
            lambda values: values["environment"][0]["variables"].update(DEBUG="1"),
        ),
        f"{GATEWAY}.aws_lambda_function.service",
        "environment[0].variables.DEBUG",
    ),
    "drops_a_tag": (
        lambda plan: plan.edit(
            "module.waf.aws_kms_key.logs", lambda values: values["tags_all"].pop("scope")
        ),
        "module.waf.aws_kms_key.logs",
        "tags_all.scope",
    ),
}


@pci("1.2.5", "6.5.1", "10.2.1")
@pytest.mark.parametrize("alone", ENVIRONMENTS)
@pytest.mark.parametrize("case", LOSES_OR_GAINS)
def test_what_one_environment_alone_loses_or_gains_is_refused(
    plans: Plans, case: str, alone: str
) -> None:
    change, address, attribute = LOSES_OR_GAINS[case]
    changed = ChangedPlan(plans[alone])
    change(changed)
    other = "qa" if alone == "dev" else "dev"
    judgement = judge([plans[other], changed.document], FOLDER)
    (found,) = judgement.refused
    assert (found.address, found.attribute or "the resource") == (address, attribute)
    assert set(found.values) == {other, alone}
    with pytest.raises(Refused, match="1 found") as refused:
        judgement.require()
    for word in (found.type, address, attribute, f"{other}: ", f"{alone}: ", "differences.toml"):
        assert word in str(refused.value)


CHANGED_ROOT = {
    "changed_override.tf": """
module "forwarding" {
  excluded_log_group_names = ["/aws/lambda/payments-qa-tokenizer"]
}

module "waf" {
  signatures = ["sql-injection"]
}
""",
    "changed.tf": """
resource "aws_security_group" "debug" {
  name = "payments-qa-debug"

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.24.0.0/20"]
  }
}
""",
}
FOUND_IN_IT = {
    "keeps_logs_back": (
        "module.forwarding.aws_cloudwatch_log_account_policy.subscription",
        "selection_criteria",
    ),
    "opens_a_port": ("aws_security_group.debug", "the resource"),
    "allows_more": ("module.waf.aws_wafv2_web_acl.apis", "rule"),
}


@pytest.fixture(scope="module")
def of_a_changed_root(
    plans: Plans, planned: Callable[..., Mapping[str, Any]]
) -> Sequence[Difference]:
    """What is refused when somebody changed the root of qa alone: real Terraform plans it."""
    return judge([*{**plans, "qa": planned("qa", files=CHANGED_ROOT)}.values()], FOLDER).refused


@pci("1.2.5", "6.5.1", "10.2.1")
@pytest.mark.parametrize("case", FOUND_IN_IT)
def test_a_changed_root_is_refused(of_a_changed_root: Sequence[Difference], case: str) -> None:
    address, attribute = FOUND_IN_IT[case]
    found = {each.address: each.attribute or "the resource" for each in of_a_changed_root}
    assert found[address].startswith(attribute)
    assert all(each.values["qa"] != each.values["production"] for each in of_a_changed_root)


def test_another_environments_account_is_refused(plans: Plans) -> None:
    """Also where that environment itself names it."""
    changed = ChangedPlan(plans["qa"])
    key = "module.waf.aws_kms_key.logs"
    changed.edit(key, lambda values: values.update(description="of 444444444444"))
    other = ChangedPlan(plans["dev"])
    other.edit(key, lambda values: values.update(description="of 444444444444"))
    (found,) = judge([other.document, changed.document], FOLDER).refused
    assert found.values == {"dev": "of <account>", "qa": "of 444444444444"}


def test_another_environments_name_is_refused(plans: Plans) -> None:
    changed = ChangedPlan(plans["production"])
    changed.edit(
        f"{GATEWAY}.aws_lambda_function.service",
        lambda values: values["environment"][0]["variables"].update(ENVIRONMENT="integration"),
    )
    (found,) = judge([plans["integration"], changed.document], FOLDER).refused
    assert found.values == {"integration": "<environment>", "production": "integration"}


def test_a_secret_is_compared_and_not_shown(plans: Plans) -> None:
    changed = ChangedPlan(plans["qa"])
    address = f"{GATEWAY}.aws_lambda_function.service"
    changed.edit(
        address, lambda values: values["environment"][0]["variables"].update(DEBUG="hunter2")
    )
    changed.mark(address, {"environment": [{"variables": {"DEBUG": True}}]})
    (found,) = judge([plans["dev"], changed.document], FOLDER).refused
    assert "hunter2" not in str(found)
    assert "(sensitive)" in str(found)


def test_what_nobody_needs_is_refused_when_all_are_compared(plans: Plans, tmp_path: Path) -> None:
    for name in ("differences.toml", "organization.json"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    with (tmp_path / "differences.toml").open("a") as file:
        file.write(
            '\n[[may_differ]]\nwhat = "Nothing"\nset_by = ["nothing"]\nreason = "None."\n'
            'exists = ["aws_instance"]\n\n'
            '[may_differ.attributes]\naws_vpc = ["enable_dns_support"]\n'
        )
    with pytest.raises(Refused) as refused:
        judge([*plans.values()], tmp_path).require()
    said = str(refused.value)
    assert "Nothing: nothing differs in the existence of aws_instance" in said
    assert "Nothing: nothing differs in enable_dns_support of aws_vpc" in said
    assert "2 found" in said
    judge([plans["integration"], plans["production"]], tmp_path).require()


def test_an_entry_that_is_taken_out_is_missed(plans: Plans, tmp_path: Path) -> None:
    """Each entry is there for a difference of these plans."""
    (tmp_path / "organization.json").write_text((FOLDER / "organization.json").read_text())
    text = (FOLDER / "differences.toml").read_text()
    head, *entries = text.split("[[may_differ]]")
    for left_out in entries:
        if KNOWN_ONCE_APPLIED in left_out:
            continue
        rest = "[[may_differ]]".join([head, *(each for each in entries if each != left_out)])
        (tmp_path / "differences.toml").write_text(rest)
        assert judge([*plans.values()], tmp_path).refused, left_out


def test_the_runbooks_entry_is_what_a_service_under_way_needs(
    plans: Plans, planned: Callable[..., Mapping[str, Any]], tmp_path: Path
) -> None:
    runbook = (REPOSITORY / "docs/runbooks/moving-a-service.md").read_text(encoding="utf-8")
    (entry,) = re.findall(r"```toml\n(.*?)```", runbook, re.DOTALL)
    moving = planned("dev", files={"rollout.auto.tfvars.json": json.dumps({"rollout": UNDER_WAY})})
    compared = [*{**plans, "dev": moving}.values()]
    assert judge(compared, FOLDER).refused

    (tmp_path / "organization.json").write_text((FOLDER / "organization.json").read_text())
    listed = tmp_path / "differences.toml"
    listed.write_text((FOLDER / "differences.toml").read_text() + textwrap.dedent(entry))
    judge(compared, tmp_path).require()
    # A plan from nothing doesn't know the routes yet.
    routes = ("body", "paths", "/merchants/m_cinema/{proxy+}")
    assert MayDiffer.load(listed).admits("aws_api_gateway_rest_api", API, routes)
    others = ("body", "paths", "/merchants/{merchant_id}/payments")
    assert not MayDiffer.load(listed).admits("aws_api_gateway_rest_api", API, others)


@pytest.fixture
def files(plans: Plans, tmp_path: Path) -> dict[str, str]:
    """The plans as files, by environment."""
    written = {name: tmp_path / f"{name}.json" for name in plans}
    for name, path in written.items():
        path.write_text(json.dumps(plans[name]))
    return {name: str(path) for name, path in written.items()}


def test_the_command_says_what_it_compared(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert main(["differences", *files.values()]) == 0
    said = capsys.readouterr().out
    assert re.match(r"dev, qa, integration, production: \d+ resources, \d+ differences", said)


def test_the_command_refuses_with_3(
    plans: Plans,
    files: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    changed = ChangedPlan(plans["production"])
    changed.remove(FINDINGS)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(changed.document))
    given = ["differences", "--environments", str(FOLDER), files["integration"], str(path)]
    assert main(given) == 3
    said = capsys.readouterr().err
    assert f"{FINDINGS}\n" in said
    assert "integration: has it" in said
    assert "production: has none" in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["missing.json"], "missing.json is no plan in JSON"),
        (["one"], "two or more environments"),
        (["one", "one"], "two or more environments"),
    ],
)
def test_broken_input_ends_with_2(
    given: list[str], words: str, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [files["qa"] if name == "one" else name for name in given]
    assert main(["differences", "--environments", str(FOLDER), *paths]) == 2
    assert words in capsys.readouterr().err


def test_no_environment_is_guessed(plans: Plans) -> None:
    nothing: dict[str, Any] = {"planned_values": {"root_module": {}}}
    with pytest.raises(BrokenInputError, match="says whose plan it is: found none"):
        judge([plans["dev"], nothing], FOLDER)
