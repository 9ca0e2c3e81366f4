"""The self-test sees a check that lets bad things pass, and one that fails good things."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pci_dss.policy import Policy, policies
from pci_dss.self_test.catalogue import AS_IT_IS, CatalogueError, Change, Entry, entries
from pci_dss.self_test.judgements import Trial, trials_of_policy
from pci_dss.self_test.real_plans import Real
from pci_dss.self_test.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pci_dss.subject import Subject

RULE = "aws_vpc_security_group_egress_rule"
OPEN = Change({"cidr_ipv4": "0.0.0.0/0"})
NARROW = Change({"cidr_ipv4": "10.1.0.0/16"})
ALL_PROTOCOLS = Change({"ip_protocol": "-1", "cidr_ipv4": "0.0.0.0/0"})
ENTRY = Entry("PCI_3", RULE, (OPEN, ALL_PROTOCOLS), (NARROW,), {}, {})


def plan(values: Mapping[str, Any], unknown: Mapping[str, Any] | None = None) -> Real:
    head = {"address": f"{RULE}.out", "mode": "managed", "type": RULE, "name": "out"}
    expressions = {name: {"constant_value": value} for name, value in values.items()}
    change = {"address": head["address"], "change": {"after_unknown": dict(unknown or {})}}
    document = {
        "planned_values": {"root_module": {"resources": [{**head, "values": dict(values)}]}},
        "configuration": {"root_module": {"resources": [{**head, "expressions": expressions}]}},
        "resource_changes": [change],
    }
    return Real.of("dev", document)


CLEAN = {"cidr_ipv4": "10.0.0.0/16", "ip_protocol": "tcp", "from_port": 443, "to_port": 443}


def open_egress() -> Policy:
    (found,) = [each for each in policies() if each.id == "PCI_3"]
    return found


def tried(policy: Policy, entry: Entry = ENTRY, real: Real | None = None) -> list[Trial]:
    return [*trials_of_policy(policy, entry, [real or plan(CLEAN)])]


def problems(trials: list[Trial], least: int = 2) -> list[str]:
    found = Report(trials, [], ["PCI_3"]).problems()
    return [each for each in found if f"has {least} mutants" not in each]


def test_a_good_check_kills_every_mutant_and_passes_what_is_clean() -> None:
    trials = tried(open_egress())
    assert [(each.change, each.bad, each.failed) for each in trials] == [
        (AS_IT_IS, False, False),
        (OPEN, True, True),
        (ALL_PROTOCOLS, True, True),
        (NARROW, False, False),
    ]
    assert problems(trials) == []


def test_a_check_that_passes_everything_is_reported() -> None:
    def passes(_: Subject) -> Iterator[str]:
        yield from ()

    found = problems(tried(replace(open_egress(), judge=passes)))
    assert len(found) == 2
    assert all(each.startswith("survived: PCI_3 dev: ") for each in found)


def test_a_check_that_fails_everything_is_reported() -> None:
    def fails(_: Subject) -> Iterator[str]:
        yield "it is there"

    found = problems(tried(replace(open_egress(), judge=fails)))
    assert f"false positive: PCI_3 dev: {RULE}.out: as it is" in found


def test_a_check_that_fails_one_clean_variant_is_reported() -> None:
    def fails(subject: Subject) -> Iterator[str]:
        yield from open_egress().judge(subject)
        if subject.get("cidr_ipv4") == NARROW.edits["cidr_ipv4"]:
            yield "it is narrow"

    (found,) = problems(tried(replace(open_egress(), judge=fails)))
    assert found.startswith("false positive: ")


def test_what_fails_as_it_is_and_is_accepted_is_no_clean_variant() -> None:
    trials = tried(open_egress(), real=plan({**CLEAN, **OPEN.edits}))
    assert [each.bad for each in trials if each.failed] == [False]
    accepted = Report(trials, [], [], accepted={("PCI_3", f"{RULE}.out")})
    assert [*accepted.problems()] == []
    assert [*Report(trials, [], []).problems()]


def test_what_rightly_fails_is_left_out_by_its_address() -> None:
    real = plan({**CLEAN, **OPEN.edits})
    assert tried(open_egress(), replace(ENTRY, failing=(f"{RULE}.out",)), real) == []


def test_a_base_makes_clean_what_fails_as_it_is() -> None:
    entry = replace(ENTRY, base=NARROW)
    trials = tried(open_egress(), entry, plan({**CLEAN, **OPEN.edits}))
    assert trials[0].change == NARROW
    assert problems(trials) == []
    assert sum(each.bad for each in trials) == 2


def test_a_plan_without_an_answer_shows_nothing() -> None:
    entry = replace(ENTRY, bad=(Change({"description": "open"}),), good=())
    trials = tried(open_egress(), entry, plan({}, unknown=dict.fromkeys(CLEAN, True)))
    assert [each.change for each in trials] == []


def test_a_plan_is_afterwards_as_it_was() -> None:
    real = plan(CLEAN)
    before = repr(real.document)
    tried(open_egress(), real=real)
    assert repr(real.document) == before


def test_a_check_without_mutants_or_clean_variants_is_reported() -> None:
    found = [*Report([], [], ["PCI_3"]).problems()]
    assert found == [
        "PCI_3 has 0 mutants; write 3 in self_test/mutants",
        "PCI_3 has no clean variant that it decides; add one to self_test/mutants",
    ]


def test_a_built_in_check_that_was_mended_is_no_longer_said_to_pass() -> None:
    mended = Trial("CKV_AWS_382", "dev", f"{RULE}.out", OPEN, True, True)
    (found,) = Report([], [mended], []).problems()
    assert "CKV_AWS_382 passes it" in found


def test_both_rates_are_told() -> None:
    trials = tried(open_egress())
    lines = [*Report(trials, [], ["PCI_3"]).lines()]
    assert "2 of 2 mutants killed: 100.0 %" in lines
    assert "0 of 2 clean variants failed: false positives 0.0 %" in lines


def test_resources_that_our_roots_lack_are_written_beside_the_mutants() -> None:
    entry = replace(ENTRY, beside={f"{RULE}.written": CLEAN})
    trials = [*trials_of_policy(open_egress(), entry, [])]
    assert {each.plan for each in trials} == {"written by hand"}
    report = Report(trials, [], ["PCI_3"])
    assert "not in our own roots, and so tried on written examples: PCI_3" in [*report.lines()]


def test_a_change_of_another_type_needs_one_of_it() -> None:
    entry = replace(ENTRY, bad=(Change({"aws_vpc:cidr_block": "10.0.0.0/8"}),))
    assert [each for each in tried(open_egress(), entry) if each.bad] == []


def test_documents_that_a_plan_doesnt_tell_are_made_up() -> None:
    head = {"address": "aws_iam_role_policy.a", "type": "aws_iam_role_policy", "name": "a"}
    document: dict[str, Any] = {
        "planned_values": {
            "root_module": {"resources": [{**head, "mode": "managed", "values": {}}]}
        },
        "resource_changes": [
            {"address": head["address"], "change": {"after_unknown": {"policy": True}}}
        ],
    }
    real = Real.of("dev", document)
    assert real.stand_ins == 1
    assert "sqs:SendMessage" in real.places()[head["address"]]["values"]["policy"]
    assert document["resource_changes"][0]["change"] == {"after_unknown": {"policy": True}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[mutants]", "entry"),
        ('[[mutants]]\ncheck = "PCI_3"\nbad = []', "lacks 'type'"),
        ('[[mutants]]\ncheck = "PCI_3"\ntype = "a"\nbad = []\nbads = []', "nobody reads bads"),
    ],
)
def test_a_broken_file_of_mutants_says_where(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "some.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as told:
        entries(tmp_path)
    assert "some.toml" in str(told.value)
    assert words in str(told.value) or words == "entry"


def test_every_check_of_ours_has_an_entry_and_no_entry_is_of_nobody() -> None:
    ours = {each.id for each in policies()}
    named = {each.check for each in entries()}
    assert ours <= named
    assert {each for each in named if each.startswith("PCI_")} == ours
