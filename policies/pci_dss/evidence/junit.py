"""Every row as a test case of JUnit's XML, for build servers: a suite for each requirement.

JUnit knows no "not evaluated", "manual" or "exception": these are skipped, and say which they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pci_dss.evidence.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pci_dss.evidence.model import Evidence, Row

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def dumps(evidence: Evidence, standard: str) -> str:
    """Write evidence as JUnit's XML, the same text for the same evidence."""
    suites = Element("testsuites", name=f"{standard}, commit {evidence.commit}")
    for requirement, rows in evidence.by_requirement():
        _suite(suites, f"{standard} {requirement}", rows, evidence.created)
    _count(suites, evidence.rows)
    indent(suites, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _suite(suites: Element, name: str, rows: Sequence[Row], created: str) -> None:
    suite = SubElement(suites, "testsuite", name=name, timestamp=created.removesuffix("Z"))
    _count(suite, rows)
    for row in rows:
        where = ".".join(filter(None, (row.environment.replace("/", "."), row.check)))
        case = SubElement(suite, "testcase", classname=_text(where), name=_text(row.subject))
        reasons = "; ".join(row.reasons)
        if row.status == Status.FAIL:
            failure = SubElement(case, "failure", message=_text(reasons or row.title), type="FAIL")
            place = f"{row.file}:{row.line}" if row.file else ""
            failure.text = _text("\n".join(filter(None, (place, reasons, row.fix))))
        elif row.status != Status.PASS:
            said = f"{row.status} {row.exception}".strip()
            SubElement(case, "skipped", message=_text(": ".join(filter(None, (said, reasons)))))


def _count(element: Element, rows: Sequence[Row]) -> None:
    failures = sum(row.status == Status.FAIL for row in rows)
    passes = sum(row.status == Status.PASS for row in rows)
    element.set("tests", str(len(rows)))
    element.set("failures", str(failures))
    element.set("errors", "0")
    element.set("skipped", str(len(rows) - failures - passes))


def _text(text: str) -> str:
    """Leave out what XML can't say."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
