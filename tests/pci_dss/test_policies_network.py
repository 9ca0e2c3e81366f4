"""What may reach what, and what may leave."""

from __future__ import annotations

from typing import Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

GROUP, OTHER = "aws_security_group.tasks", "aws_security_group.callers"
IN, OUT = "aws_vpc_security_group_ingress_rule.rule", "aws_vpc_security_group_egress_rule.rule"
OLD = "aws_security_group_rule.rule"
LIST = "aws_ec2_managed_prefix_list.partners"
TASKS = "sg-tasks"
CARRIES_TASKS = {"security_groups": [TASKS], "security_group_ids": [TASKS]}
ANYWHERE = ("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3")


def separate(port: int = 5432, /, **values: Any) -> dict[str, Any]:
    defaults = {"security_group_id": "sg-tasks", "ip_protocol": "tcp"}
    return {**defaults, "from_port": port, "to_port": port, **values}


def block(port: int = 5432, /, **values: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "from_port": port, "to_port": port, **values}


def old(way: str, **values: Any) -> dict[str, Any]:
    return {**block(), "type": way, "security_group_id": "sg-tasks", **values}


def judge(
    policy: str,
    address: str,
    values: dict[str, Any],
    unknown: dict[str, Any] | None = None,
    references: dict[str, list[str]] | None = None,
    **beside: dict[str, Any],
) -> Verdict:
    """Judge a rule or a group, beside the group `sg-tasks` and a prefix list `pl-partners`."""
    everything: dict[str, dict[str, Any]] = {
        GROUP: {"id": "sg-tasks", "ingress": [], "egress": []},
        OTHER: {"id": "sg-callers", "ingress": [], "egress": []},
        LIST: {"id": "pl-partners", "entry": [{"cidr": "203.0.113.0/24"}]},
        address: values,
        **{f"{name}.it": inner for name, inner in beside.items()},
    }
    resources = planned(
        everything, unknown={address: unknown or {}}, references={address: references or {}}
    )
    return verdicts(policy, resources)[address]


@pci("1.3.1")
class TestIngressFromTheInternet:
    @pytest.mark.parametrize("network", ANYWHERE)
    @pytest.mark.parametrize("form", ["separate", "old", "inline"])
    def test_no_other_port_is_reached(self, network: str, form: str) -> None:
        six = ":" in network
        blocks = {"ipv6_cidr_blocks" if six else "cidr_blocks": [network]}
        address, values = {
            "separate": (IN, separate(**{"cidr_ipv6" if six else "cidr_ipv4": network})),
            "old": (OLD, old("ingress", **blocks)),
            "inline": (GROUP, {"id": "sg-tasks", "ingress": [block(**blocks)]}),
        }[form]
        found = judge("PCI_2", address, values)
        assert found.result == Result.FAIL
        assert found.reasons == (f"tcp 5432 may enter from {network}",)

    @pytest.mark.parametrize(
        ("values", "passes"),
        [
            ({"ip_protocol": "-1", "from_port": None, "to_port": None}, "every protocol"),
            ({"from_port": 0, "to_port": 65535}, "every port of tcp"),
            ({"from_port": 443, "to_port": 444}, "tcp 443 to 444"),
            ({"ip_protocol": "icmp", "from_port": -1, "to_port": -1}, "protocol icmp"),
            ({"ip_protocol": "6", "from_port": 22, "to_port": 22}, "tcp 22"),
        ],
    )
    def test_what_may_enter_is_said(self, values: dict[str, Any], passes: str) -> None:
        found = judge("PCI_2", IN, {**separate(cidr_ipv4="0.0.0.0/0"), **values})
        assert found.reasons == (f"{passes} may enter from 0.0.0.0/0",)

    @pytest.mark.parametrize(
        "values",
        [
            separate(cidr_ipv4="10.0.0.0/8"),
            separate(cidr_ipv4="203.0.113.0/24"),
            separate(cidr_ipv6="2001:db8::/32"),
            separate(referenced_security_group_id="sg-callers"),
            separate(prefix_list_id="pl-partners"),
        ],
    )
    def test_who_is_named_may_enter(self, values: dict[str, Any]) -> None:
        assert judge("PCI_2", IN, values).result == Result.PASS

    @pytest.mark.parametrize(
        ("kind", "carrier", "result"),
        [
            ("aws_lb", {"security_groups": [TASKS], "internal": False}, Result.PASS),
            ("aws_lb", {"security_groups": [TASKS]}, Result.PASS),
            ("aws_lb", {"security_groups": [TASKS], "internal": True}, Result.FAIL),
            ("aws_db_instance", {"vpc_security_group_ids": [TASKS]}, Result.FAIL),
            ("aws_ecs_service", {"network_configuration": [CARRIES_TASKS]}, Result.FAIL),
            ("aws_opensearch_domain", {"vpc_options": [CARRIES_TASKS]}, Result.FAIL),
            ("aws_lb", {"security_groups": ["sg-other"]}, Result.NOT_EVALUATED),
        ],
    )
    def test_https_enters_at_the_edge_only(
        self, kind: str, carrier: dict[str, Any], result: Result
    ) -> None:
        values = separate(443, cidr_ipv4="0.0.0.0/0")
        assert judge("PCI_2", IN, values, **{kind: carrier}).result == result

    def test_a_group_of_the_edge_is_nobody_elses(self) -> None:
        ingress = [block(443, cidr_blocks=["0.0.0.0/0"], ipv6_cidr_blocks=["::/0"])]
        found = judge(
            "PCI_2",
            GROUP,
            {"id": "sg-tasks", "ingress": ingress},
            aws_lb={"security_groups": ["sg-tasks"], "internal": False},
            aws_instance={"vpc_security_group_ids": ["sg-tasks"]},
        )
        assert found.result == Result.FAIL
        assert found.reasons == (
            "aws_instance.it carries the group and isn't the edge, 0.0.0.0/0 may enter",
        )

    def test_a_prefix_list_can_be_the_internet(self) -> None:
        values = separate(prefix_list_id="pl-partners")
        entry = {"prefix_list_id": "pl-partners", "cidr": "0.0.0.0/0"}
        found = judge("PCI_2", IN, values, aws_ec2_managed_prefix_list_entry=entry)
        assert found.reasons == (f"tcp 5432 may enter from 0.0.0.0/0 of {LIST}",)
        assert judge("PCI_2", IN, separate(prefix_list_id="pl-1")).result == Result.NOT_EVALUATED

    def test_what_is_not_known_is_not_decided(self) -> None:
        unknown = judge("PCI_2", IN, separate(), unknown={"cidr_ipv4": True})
        assert unknown.result == Result.NOT_EVALUATED
        assert unknown.reasons == (f"{IN}: cidr_ipv4 isn't known",)
        whole = judge("PCI_2", GROUP, {"id": "sg-tasks"}, unknown={"ingress": True})
        assert whole.result == Result.NOT_EVALUATED
        text = judge("PCI_2", IN, separate(cidr_ipv4="${var.network}/16"))
        assert text.result == Result.NOT_EVALUATED

    def test_a_rule_that_is_not_known_hides_no_other(self) -> None:
        ingress = [block(), block(22, cidr_blocks=["0.0.0.0/0"])]
        found = judge(
            "PCI_2",
            GROUP,
            {"id": "sg-tasks", "ingress": ingress},
            unknown={"ingress": [{"cidr_blocks": True}, {}]},
        )
        assert found.reasons == ("tcp 22 may enter from 0.0.0.0/0",)

    def test_egress_is_no_concern(self) -> None:
        everything = {
            OLD: old("egress", cidr_blocks=["0.0.0.0/0"]),
            OUT: separate(cidr_ipv4="0.0.0.0/0"),
        }
        assert verdicts("PCI_2", planned(everything)) == {}


@pci("1.3.2")
class TestEgress:
    @pytest.mark.parametrize("network", ANYWHERE)
    @pytest.mark.parametrize("form", ["separate", "old", "inline"])
    def test_nothing_leaves_to_anywhere(self, network: str, form: str) -> None:
        six = ":" in network
        blocks = {"ipv6_cidr_blocks" if six else "cidr_blocks": [network]}
        address, values = {
            "separate": (OUT, separate(**{"cidr_ipv6" if six else "cidr_ipv4": network})),
            "old": (OLD, old("egress", **blocks)),
            "inline": (GROUP, {"id": "sg-tasks", "egress": [block(**blocks)]}),
        }[form]
        found = judge("PCI_3", address, values)
        assert found.result == Result.FAIL
        assert found.reasons == (f"anything in {network} may be called",)

    @pytest.mark.parametrize(
        ("address", "values"),
        [
            (OUT, separate(ip_protocol="-1", referenced_security_group_id="sg-callers")),
            (OUT, separate(ip_protocol="-1", prefix_list_id="pl-partners")),
            (OUT, separate(1, to_port=65535, cidr_ipv4="10.0.0.0/8")),
            (OLD, old("egress", protocol="all", source_security_group_id="sg-callers")),
            (OLD, old("egress", protocol="-1", self=True)),
            (GROUP, {"egress": [block(0, protocol="-1", security_groups=["sg-callers"])]}),
        ],
    )
    def test_protocol_and_port_are_named(self, address: str, values: dict[str, Any]) -> None:
        assert judge("PCI_3", address, values).result == Result.FAIL

    @pytest.mark.parametrize(
        ("address", "values"),
        [
            (OUT, separate(443, referenced_security_group_id="sg-callers")),
            (OUT, separate(443, prefix_list_id="pl-partners")),
            (OUT, separate(443, cidr_ipv4="203.0.113.0/24")),
            (OUT, separate(ip_protocol="icmp", cidr_ipv4="10.0.0.0/8")),
            (OLD, old("egress", prefix_list_ids=["pl-partners"])),
            (GROUP, {"egress": []}),
            (GROUP, {"egress": [block(443, security_groups=["sg-callers"])]}),
            ("aws_default_security_group.closed", {"egress": []}),
        ],
    )
    def test_what_is_named_may_be_called(self, address: str, values: dict[str, Any]) -> None:
        assert judge("PCI_3", address, values).result == Result.PASS

    def test_the_default_group_is_judged_too(self) -> None:
        egress = [block(0, protocol="-1", cidr_blocks=["0.0.0.0/0"])]
        found = judge("PCI_3", "aws_default_security_group.open", {"egress": egress})
        assert found.result == Result.FAIL

    def test_an_endpoints_own_list_is_one_service(self) -> None:
        found = judge(
            "PCI_3",
            OUT,
            separate(443),
            unknown={"prefix_list_id": True},
            references={"prefix_list_id": ["aws_vpc_endpoint.it.id", "aws_vpc_endpoint.it"]},
            aws_vpc_endpoint={},
        )
        assert found.result == Result.PASS

    def test_what_is_not_known_is_not_decided(self) -> None:
        for name in ("ip_protocol", "from_port", "cidr_ipv6", "prefix_list_id"):
            references = {name: ["local.of_the_plan"]}
            found = judge("PCI_3", OUT, separate(443), {name: True}, references)
            assert found.result == Result.NOT_EVALUATED, name
        found = judge("PCI_3", OLD, old("egress"), unknown={"type": True})
        assert found.result == Result.NOT_EVALUATED

    def test_what_is_wrong_stays_wrong_beside_what_is_not_known(self) -> None:
        found = judge("PCI_3", OUT, separate(cidr_ipv4="0.0.0.0/0"), {"ip_protocol": True})
        assert found.result == Result.FAIL
        found = judge("PCI_3", OUT, separate(ip_protocol="-1"), {"cidr_ipv4": True})
        assert found.result == Result.FAIL
