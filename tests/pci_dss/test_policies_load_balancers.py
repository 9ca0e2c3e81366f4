"""Which TLS load balancers speak."""

from __future__ import annotations

from typing import Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

LISTENER = "aws_lb_listener.tls"

pytestmark = pci("4.2.1")


def judge(
    values: dict[str, Any],
    unknown: dict[str, Any] | None = None,
    references: dict[str, list[str]] | None = None,
) -> Verdict:
    resources = planned(
        {LISTENER: values},
        unknown={LISTENER: unknown or {}},
        references={LISTENER: references or {}},
    )
    return verdicts("PCI_6", resources)[LISTENER]


@pytest.mark.parametrize("protocol", ["HTTPS", "TLS"])
@pytest.mark.parametrize(
    "name",
    [
        "TLS13-1-2-Res-2021-06",
        "TLS13-1-2-2021-06",
        "TLS13-1-3-2021-06",
        "TLS13-1-2-Res-FIPS-PQ-2025-09",
        "TLS13-1-2-Ext0-FIPS-2023-04",
        "FS-1-2-Res-2020-10",
        "TLS-1-2-2017-01",
    ],
)
def test_tls_1_2_and_later_is_spoken(name: str, protocol: str) -> None:
    values = {"protocol": protocol, "ssl_policy": f"ELBSecurityPolicy-{name}"}
    assert judge(values).result == Result.PASS


@pytest.mark.parametrize("protocol", ["HTTPS", "TLS"])
@pytest.mark.parametrize(
    "name",
    [
        "TLS13-1-0-2021-06",
        "TLS13-1-1-2021-06",
        "TLS13-1-0-FIPS-2023-04",
        "2016-08",
        "2015-05",
        "FS-2018-06",
        "FS-1-1-2019-08",
        "TLS-1-0-2015-04",
        "TLS-1-1-2017-01",
        "TLS13-1-2",
        "made-up",
    ],
)
def test_older_versions_are_not_spoken(name: str, protocol: str) -> None:
    found = judge({"protocol": protocol, "ssl_policy": f"ELBSecurityPolicy-{name}"})
    assert found.result == Result.FAIL
    assert found.reasons == (
        f"ELBSecurityPolicy-{name} isn't among the policies without TLS 1.0 and 1.1",
    )


def test_awss_own_choice_is_not_good_enough() -> None:
    assert judge({"protocol": "TLS"}).result == Result.FAIL
    assert judge({"protocol": "TLS"}, {"ssl_policy": True}).result == Result.FAIL


def redirect(protocol: str | None) -> dict[str, Any]:
    action = {"type": "redirect", "redirect": [{"protocol": protocol, "status_code": "HTTP_301"}]}
    return {"protocol": "HTTP", "default_action": [action]}


def test_plain_http_only_redirects_to_https() -> None:
    assert judge(redirect("HTTPS")).result == Result.PASS
    forward = {"protocol": "HTTP", "default_action": [{"type": "forward"}]}
    for values in (redirect("HTTP"), redirect(None), redirect("#{protocol}"), forward):
        assert judge(values).result == Result.FAIL
    assert judge({"protocol": "HTTP"}).result == Result.FAIL


def test_what_is_passed_on_or_not_known_is_not_decided() -> None:
    assert judge({"protocol": "TCP"}).result == Result.NOT_EVALUATED
    found = judge({}, {"protocol": True}, {"protocol": ["local.of_the_plan"]})
    assert found.result == Result.NOT_EVALUATED
    chosen = {"ssl_policy": ["local.of_the_plan"]}
    found = judge({"protocol": "TLS"}, {"ssl_policy": True}, chosen)
    assert found.result == Result.NOT_EVALUATED


def test_the_other_name_of_a_listener_is_judged() -> None:
    values = {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-2016-08"}
    found = verdicts("PCI_6", planned({"aws_alb_listener.tls": values}))
    assert found["aws_alb_listener.tls"].result == Result.FAIL


def test_appliances_get_packets_and_are_no_concern() -> None:
    resources = planned({LISTENER: {"port": None}}, unknown={LISTENER: {"protocol": True}})
    assert verdicts("PCI_6", resources) == {}
