"""modules/rollout: who is on a legacy backend, and which release is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import pci, rejects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.aws import EmbeddedAWS
    from harness.terraform import Plan, Terraform
    from harness.testing import Planner

    Release = Callable[..., Plan]

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = "modules/rollout"
ACCOUNT = "555555555556"  # apart from what others plan in theirs
PHASES = ("legacy", "canary", "majority", "new", "decommissioned")
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:555555555555:loadbalancer/net/legacy/50dc6c49"
LEGACY = {"base_url": "https://legacy.internal.example", "load_balancer_arn": BALANCER}
MERCHANTS = {"m_bakery": 60, "m_cinema": 20, "m_florist": 10, "m_hotel": 10}
GOOD = {
    "name": "payments-dev",
    "merchants": MERCHANTS,
    "kms_key_id": "alias/payments-terraform-state",
}


def cohort(*merchants: str, new: float = 100, **weights: float) -> dict[str, Any]:
    return {"merchants": merchants, "weights": {"legacy": 100 - new, "new": new, **weights}}


def service(phase: str, **more: Any) -> dict[str, Any]:
    """A service in a phase, with cohorts that fit."""
    cohorts = {
        "canary": {"pilots": cohort("m_florist")},
        "majority": {"pilots": cohort("m_florist"), "shops": cohort("m_bakery")},
    }
    legacy = {} if phase == "decommissioned" else {"legacy": LEGACY}
    return {"phase": phase, "cohorts": cohorts.get(phase, {}), **legacy, **more}


@dataclass(frozen=True)
class Refused:
    """A service, the words of its refusal, and its name."""

    service: dict[str, Any]
    words: str
    name: str = "payments"


SPLIT = {"pilots": cohort("m_florist"), "shops": cohort("m_cinema", new=50)}
REFUSED = {
    "no_such_service": Refused(service("legacy"), "Name services as their APIs", "ledger"),
    "no_such_phase": Refused(service("testing"), "A phase is one of legacy, canary"),
    "no_backend": Refused(service("canary", legacy=None), 'until it is "decommissioned"'),
    "backend_of_nothing": Refused(
        service("decommissioned", legacy=LEGACY), "what is gone has no address"
    ),
    "plain_http": Refused(
        service("legacy", legacy={**LEGACY, "base_url": "http://legacy.example"}), "by https://"
    ),
    "other_load_balancer": Refused(
        service("legacy", legacy={**LEGACY, "load_balancer_arn": BALANCER.replace("net", "app")}),
        "lead to no other kind",
    ),
    "weights_of_90": Refused(
        service("canary", cohorts={"pilots": cohort("m_florist", legacy=-10)}), "sum to 100"
    ),
    "unknown_merchant": Refused(
        service("canary", cohorts={"pilots": cohort("m_nobody", "m_florist")}),
        "that there aren't: m_nobody",
    ),
    "in_two_cohorts": Refused(
        service("canary", cohorts={"a": cohort("m_florist"), "b": cohort("m_florist")}),
        "would send it both ways",
    ),
    "two_idempotency_stores": Refused(
        service("canary", cohorts=SPLIT), "Split a cohort by weights only where both sides share"
    ),
    "nobody_went_first": Refused(
        service(
            "canary",
            shares_idempotency_store=True,
            cohorts={"shops": cohort("m_cinema", new=99)},
        ),
        "Move a whole cohort",
    ),
    "cohorts_of_new": Refused(
        service("new", cohorts={"pilots": cohort("m_florist")}), "leave `cohorts` out"
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_data_that_cant_be_meant_is_refused(plan: Planner, case: Refused) -> None:
    with rejects(variable="services", match=case.words):
        plan(MODULE, {**GOOD, "services": {case.name: case.service}})


OUT_OF_PHASE = {
    "legacy_with_a_pilot": Refused(
        service("legacy", cohorts={"pilots": cohort("m_florist")}),
        'payments is in "legacy" with 10 % of the planned',
    ),
    "canary_of_nobody": Refused(service("canary", cohorts={}), 'in "canary" with 0 %'),
    "canary_of_most": Refused(
        service("canary", cohorts={"shops": cohort("m_bakery")}), 'in "canary" with 60 %'
    ),
    "majority_of_few": Refused(
        service("majority", cohorts={"pilots": cohort("m_hotel")}), 'in "majority" with 10 %'
    ),
}


@pytest.mark.parametrize("case", OUT_OF_PHASE.values(), ids=OUT_OF_PHASE)
def test_cohorts_fit_the_phase(plan: Planner, case: Refused) -> None:
    with rejects(match=case.words):
        plan(MODULE, {**GOOD, "services": {case.name: case.service}})


def test_a_capital_name_is_refused(plan: Planner) -> None:
    with rejects(variable="name", match="lower-case letters"):
        plan(MODULE, {**GOOD, "name": "Payments"})


@pytest.fixture
def release(terraform: Terraform, aws: EmbeddedAWS, tmp_path: Path) -> Iterator[Release]:
    """Plan a release in an account that runs phases, by service."""
    parameters = aws.client("ssm", ACCOUNT)
    written: set[str] = set()

    def plan_release(
        released: dict[str, str], services: dict[str, Any], merchants: dict[str, int] | None = None
    ) -> Plan:
        for name, phase in released.items():
            path = f"/payments/rollout/{name}"
            value = json.dumps({"phase": phase, "merchants_on_new": []})
            parameters.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)
            written.add(path)
        root = terraform.module(
            REPOSITORY / MODULE,
            workdir=tmp_path / "work",
            environment=aws.environment(ACCOUNT),
            variables={**GOOD, "merchants": merchants or MERCHANTS, "services": services},
        )
        root.init()
        return root.plan()

    yield plan_release
    if written:
        parameters.delete_parameters(Names=sorted(written))


def neighbours(phase: str) -> set[str]:
    at = PHASES.index(phase)
    if phase == "decommissioned":
        return {phase}
    return {other for other in PHASES if abs(PHASES.index(other) - at) <= 1}


@pci("6.5.1")
@pytest.mark.parametrize("asked", PHASES)
def test_a_release_moves_a_service_by_one_step(release: Release, asked: str) -> None:
    for released in PHASES:
        if asked in neighbours(released):
            assert release({"payments": released}, {"payments": service(asked)})
        else:
            with rejects(
                match=f'payments is "{released}" in this account, and can\'t become "{asked}"'
            ):
                release({"payments": released}, {"payments": service(asked)})


def test_a_jump_is_refused_with_what_may_be_asked_instead(release: Release) -> None:
    with rejects(match='it may be "legacy" or "canary" or "majority"'):
        release({"payments": "canary"}, {"payments": service("decommissioned")})


def test_the_first_phase_is_legacy(release: Release) -> None:
    assert release({}, {"payments": service("legacy")})
    with rejects(match='payments has no phase in this account yet, and can\'t begin with "canary"'):
        release({}, {"payments": service("canary")})


def test_a_service_cant_be_left_out_on_its_way(release: Release) -> None:
    with rejects(match='payments is "majority" in this account, and can\'t be left out'):
        release({"payments": "majority"}, {})
    assert release({"payments": "decommissioned"}, {}).counts.total == 0


def test_each_service_goes_its_own_way(release: Release) -> None:
    services = {"payments": service("new"), "fraud": service("canary")}
    with rejects(match='fraud is "new" in this account') as refused:
        release({"payments": "majority", "fraud": "new"}, services)
    assert "payments is" not in str(refused)


def on_new(release: Release, merchants: set[str], weight: int) -> set[str]:
    """Who of a split cohort of merchants is on the new service."""
    plans = {**dict.fromkeys(merchants, 1), "m_hotel": 1000}
    cohorts = {"pilots": cohort("m_hotel"), "shops": cohort(*merchants, new=weight)}
    asked = service("majority", cohorts=cohorts, shares_idempotency_store=True)
    document = release({"payments": "canary"}, {"payments": asked}, plans).document
    outputs = document["planned_values"]["outputs"]["services"]["value"]
    return set(outputs["payments"]["merchants_on_new"]) - {"m_hotel"}


def test_weights_count_merchants_and_only_add_them(release: Release) -> None:
    shops = {f"m_shop{number:02}" for number in range(80)}
    quarter, half = on_new(release, shops, 25), on_new(release, shops, 50)
    assert 12 <= len(quarter) <= 28
    assert 30 <= len(half) <= 50
    assert quarter < half
    # Whoever comes or goes moves nobody else.
    assert on_new(release, shops | {"m_another"}, 25) - {"m_another"} == quarter
