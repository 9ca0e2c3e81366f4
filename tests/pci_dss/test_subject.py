"""What policies see of a resource, what of that is kept, and what isn't decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pci_dss.subject import Subject, UndecidedError, together

from .documents import planned

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTENER = "aws_lb_listener.tls"


def subject_of(**parts: dict[str, object]) -> Subject:
    resources = planned(
        {LISTENER: parts.get("values", {})},
        unknown={LISTENER: parts.get("unknown", {})},
        references={LISTENER: parts.get("references", {})},  # type: ignore[dict-item]  # as parts
        sensitive={LISTENER: parts.get("sensitive", {})},
    )
    return Subject(resources.all[LISTENER], resources)


def test_a_hidden_value_is_judged_and_not_kept() -> None:
    subject = subject_of(values={"password": "hunter2"})
    assert subject.get("password", hidden=True) == "hunter2"
    assert subject.evaluated == {f"{LISTENER}: password": "(not shown)"}


def test_nothing_is_kept_as_nothing_though_it_is_hidden() -> None:
    subject = subject_of(values={"password": None})
    assert subject.get("password", hidden=True) is None
    assert subject.evaluated == {f"{LISTENER}: password": None}


def test_a_part_of_a_sensitive_document_is_not_kept() -> None:
    subject = subject_of(values={"document": "{}"}, sensitive={"document": True})
    subject.note("document", "user", value="root")
    assert subject.evaluated == {f"{LISTENER}: document.user": "(sensitive value)"}


def test_what_the_configuration_sets_is_told_from_what_aws_chooses() -> None:
    subject = subject_of(
        unknown={"ssl_policy": True, "certificate_arn": True, "alpn_policy": True},
        references={"certificate_arn": ["aws_acm_certificate.a.arn", "aws_acm_certificate.a"]},
    )
    assert subject.configures("certificate_arn")
    assert not subject.configures("ssl_policy")


def test_what_refers_to_nothing_is_set_all_the_same() -> None:
    subject = subject_of(unknown={"name": True})
    configuration = subject.resources._configuration  # type: ignore[attr-defined]  # the plan's
    configuration["resources"][0]["expressions"]["name"] = {}  # as Terraform writes uuid()
    assert subject.configures("name")


def test_what_is_wrong_is_told_though_something_before_it_is_not_decided() -> None:
    def undecided(reason: str) -> Iterator[str]:
        yield f"wrong before {reason}"
        raise UndecidedError(reason)

    found: list[str] = []
    with pytest.raises(UndecidedError, match="the first"):
        found.extend(together([undecided("the first"), undecided("the second"), iter(["wrong"])]))
    assert found == ["wrong before the first", "wrong before the second", "wrong"]


def test_what_names_a_resource_is_found_though_another_does_not_tell() -> None:
    rule = "aws_vpc_security_group_egress_rule"
    resources = planned(
        {
            "aws_security_group.a": {"id": "sg-1"},
            f"{rule}.unclear": {},
            f"{rule}.clear": {"security_group_id": "sg-1"},
            f"{rule}.of_another": {"security_group_id": "sg-2"},
        },
        unknown={f"{rule}.unclear": {"security_group_id": True}},
        references={f"{rule}.unclear": {"security_group_id": ["local.group"]}},
    )
    subject = Subject(resources.all["aws_security_group.a"], resources)
    found: list[Subject] = []
    with pytest.raises(UndecidedError, match="unclear"):
        found.extend(subject.naming(rule, "security_group_id"))
    assert [each.address for each in found] == [f"{rule}.clear"]
    assert subject.evaluated == {f"{rule}.clear: security_group_id": ["aws_security_group.a"]}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_map_has_keys_of_unknown_values_too(wrapped: bool) -> None:
    values: object = {"A": "1", "B": None}
    unknown: object = {"B": True, "C": True}
    if wrapped:  # as it is read from files
        values, unknown = [values], [unknown]
    subject = subject_of(
        values={"environment": [{"variables": values}]},
        unknown={"environment": [{"variables": unknown}]},
    )
    path = ("environment", 0, "variables")
    assert subject.keys(*path) == ("A", "B", "C")
    assert subject.get(*path, "A") == "1"
    assert not subject.known(*path, "C")
    assert subject.keys("tags") == ()
    with pytest.raises(UndecidedError, match="environment"):
        subject_of(unknown={"environment": True}).keys(*path)


@pytest.mark.parametrize(("value", "number"), [(30, 30), ("30", 30), (None, 7)])
def test_numbers_may_be_text(value: object, number: int) -> None:
    assert subject_of(values={"days": value}).number("days", default=7) == number


@pytest.mark.parametrize("value", [[{}], "soon"])
def test_what_files_leave_in_place_of_a_number_is_not_decided(value: object) -> None:
    with pytest.raises(UndecidedError, match="which is no number"):
        subject_of(values={"days": value}).number("days")


def test_a_document_is_what_jsonencode_builds_in_files() -> None:
    assert subject_of(values={"policy": [{"Statement": []}]}).document("policy") == {
        "Statement": []
    }
