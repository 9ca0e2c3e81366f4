"""What belongs to a resource, and what it means that there is nothing."""

from __future__ import annotations

import pytest

from pci_dss.related import first, missing
from pci_dss.subject import Subject, UndecidedError

from .documents import planned

GROUP = "aws_cloudwatch_log_group.pay"


def group(count: int = 0) -> Subject:
    topics = {f"aws_sns_topic.t{number}": {"name": f"t{number}"} for number in range(count)}
    resources = planned({GROUP: {}, **topics})
    return Subject(resources.all[GROUP], resources)


def test_what_a_plan_lacks_is_nowhere() -> None:
    assert list(missing(group(), "nothing sends it")) == ["nothing sends it"]


def test_what_the_files_of_a_module_lack_may_be_in_the_root_that_calls_it() -> None:
    subject = group()
    subject.resources.whole = False
    with pytest.raises(UndecidedError, match=r"nothing sends it in these files; judge a plan"):
        list(missing(subject, "nothing sends it"))


def test_evidence_shows_the_one_that_was_found_and_none_that_was_passed_over() -> None:
    subject = group(9)
    found = first(subject.others("aws_sns_topic"), lambda each: each.get("name") == "t7")
    assert found is not None
    assert subject.evaluated == {"aws_sns_topic.t7: name": "t7"}


def test_where_none_is_found_evidence_shows_a_few_that_were_looked_at() -> None:
    subject = group(9)
    assert first(subject.others("aws_sns_topic"), lambda each: each.get("name") == "x") is None
    assert list(subject.evaluated.values()) == ["t0", "t1", "t2"]
