"""What is wrong, undecided or excepted as SARIF 2.1.0, for code hosts.

A result is one check on one thing, with all requirements that it serves. What passes is no result:
code hosts show every result as an alert. It is in evidence.json; every check that ran is a rule.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pci_dss.evidence.model import Status, number
from pci_dss.matrix import ATTEMPT, MANUAL, TEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pci_dss.evidence.model import Evidence, Row
    from pci_dss.exceptions import Exemption

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
TOOL = "pci_dss"
_ROOT = "%SRCROOT%"
_SHOWN = (Status.FAIL, Status.EXCEPTION, Status.NOT_EVALUATED)


def dumps(evidence: Evidence, exemptions: Iterable[Exemption] = ()) -> str:
    """Write evidence as SARIF, the same text for the same evidence."""
    looked = [row for row in evidence.rows if row.check != MANUAL]
    rules = {check: _rule(check, rows) for check, rows in _grouped(looked, _check).items()}
    positions = {check: position for position, check in enumerate(rules)}
    accepted = {each.id: each for each in exemptions}
    shown = _grouped([row for row in looked if row.status in _SHOWN], _thing)
    run = {
        "tool": {"driver": {"name": TOOL, "rules": list(rules.values())}},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The repository."}}},
        "results": [_result(rows, positions, accepted) for rows in shown.values()],
        "properties": {"commit": evidence.commit, "created": evidence.created},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _check(row: Row) -> tuple[str, ...]:
    return (row.check,)


def _thing(row: Row) -> tuple[str, ...]:
    return row.check, row.environment, row.subject, row.status


def _grouped(rows: Iterable[Row], key: Any) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        found = key(row)
        groups.setdefault(found[0] if len(found) == 1 else found, []).append(row)
    return groups


def _rule(check: str, rows: Sequence[Row]) -> dict[str, Any]:
    kinds = {ATTEMPT: "An attempt that must be refused", TEST: "A test marked with a requirement"}
    title = kinds.get(check) or rows[0].title or check
    rule: dict[str, Any] = {
        "id": check,
        "shortDescription": {"text": title},
        "properties": {"tags": ["security", *(f"PCI DSS {each}" for each in _requirements(rows))]},
    }
    if fix := next((row.fix for row in rows if row.fix), ""):
        rule["help"] = {"text": fix}
    return rule


def _result(
    rows: Sequence[Row], positions: Mapping[str, int], accepted: Mapping[str, Exemption]
) -> dict[str, Any]:
    """Make a result of the rows of one check on one thing."""
    row = rows[0]
    undecided = row.status == Status.NOT_EVALUATED
    result: dict[str, Any] = {
        "ruleId": row.check,
        "ruleIndex": positions[row.check],
        "kind": "open" if undecided else "fail",
        "level": "none" if undecided else "error",
        "message": {"text": _message(rows)},
        "locations": [_location(row)],
        "partialFingerprints": {"checkAndSubject/v1": _fingerprint(row)},
        "properties": {
            "status": row.status.value,
            "requirements": _requirements(rows),
            "environment": row.environment,
            "basis": row.basis.value,
        },
    }
    if row.status == Status.EXCEPTION:
        result["suppressions"] = [*_suppressions(rows, accepted)]
    return result


def _message(rows: Sequence[Row]) -> str:
    row = rows[0]
    reasons = "; ".join(row.reasons) or row.title or row.status.value
    served = f"PCI DSS {', '.join(_requirements(rows))}"
    return " ".join(filter(None, (f"{row.subject}: {reasons} ({served}).", row.fix)))


def _location(row: Row) -> dict[str, Any]:
    """Where it is: by name, and by file and line where there is one."""
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": row.subject, "kind": "resource"}]
    }
    file = row.subject.partition("::")[0] if row.check == TEST else row.file
    if file:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(file), "uriBaseId": _ROOT},
            "region": {"startLine": max(row.line, 1)},
        }
    return location


def _suppressions(rows: Sequence[Row], accepted: Mapping[str, Exemption]) -> Iterator[Any]:
    for name in dict.fromkeys(row.exception for row in rows):
        suppression = {"kind": "external", "status": "accepted"}
        if exemption := accepted.get(name):
            suppression["justification"] = (
                f"{name}, approved by {exemption.approver} until {exemption.expires}: "
                f"{exemption.control}"
            )
        yield suppression


def _requirements(rows: Sequence[Row]) -> list[str]:
    return sorted({row.requirement for row in rows}, key=number)


def _fingerprint(row: Row) -> str:
    return hashlib.sha256("\n".join((row.check, row.environment, row.subject)).encode()).hexdigest()
