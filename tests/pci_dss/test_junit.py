"""Build servers count rows as test cases, and none of them is lost."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from pci_dss.evidence import junit
from pci_dss.evidence.model import Row, Status

from .evidence_samples import LOGS, evidence, one_of_each, row


def suites(*rows: Row) -> Element:
    return fromstring(junit.dumps(evidence(*rows), "PCI DSS 4.0.1"))  # noqa: S314 - our own


def test_every_row_is_a_case_of_its_requirements_suite() -> None:
    sample = one_of_each()
    root = fromstring(junit.dumps(sample, "PCI DSS 4.0.1"))  # noqa: S314 - our own
    assert len(root.findall("testsuite/testcase")) == len(sample.rows) == int(root.attrib["tests"])
    assert [suite.attrib["name"] for suite in root] == [
        f"PCI DSS 4.0.1 {requirement}" for requirement, _ in sample.by_requirement()
    ]


def test_a_failure_says_where_why_and_what_to_do() -> None:
    failed = row(status=Status.FAIL, reasons=["30 days"], file="a.tf", line=3, fix="Keep 365.")
    failure = suites(failed).find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "30 days"
    assert failure.text == "a.tf:3\n30 days\nKeep 365."


def test_what_neither_passes_nor_fails_is_skipped_and_says_which_it_is() -> None:
    root = suites(
        row(status=Status.NOT_EVALUATED, reasons=["not known"]),
        row(status=Status.EXCEPTION, exception="EX-1", reasons=["short"]),
        row(status=Status.MANUAL),
    )
    said = [case.attrib["message"] for case in root.findall("testsuite/testcase/skipped")]
    assert said == ["NOT-EVALUATED: not known", "EXCEPTION EX-1: short", "MANUAL"]


def test_suites_count_what_is_in_them() -> None:
    root = suites(row(), row(status=Status.FAIL), row(status=Status.MANUAL))
    for element in (root, root[0]):
        counts = [element.attrib[name] for name in ("tests", "failures", "errors", "skipped")]
        assert counts == ["3", "1", "0", "1"]


def test_a_case_is_named_for_what_was_looked_at() -> None:
    case = suites(row()).find("testsuite/testcase")
    assert case is not None
    assert case.attrib == {"classname": "environments.log-archive.PCI_4", "name": LOGS}


def test_what_xml_cannot_say_is_replaced() -> None:
    failed = row(status=Status.FAIL, reasons=["a\x00b\x1b[31m & <c> \U0001f512 \ud800"])
    failure = suites(failed).find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "a\ufffdb\ufffd[31m & <c> \U0001f512 \ufffd"
