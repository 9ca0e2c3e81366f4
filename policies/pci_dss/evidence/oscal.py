"""OSCAL assessment results of the evidence, for the programs of assessors and regulators.

An observation is what one check saw of one subject; a finding is what all observations of a
requirement come to. FAIL and EXCEPTION also are risks, with what mends them. OSCAL knows no "not
evaluated": such a finding is not satisfied for another reason than a failure, and says so.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from pci_dss.evidence.model import Basis, Evidence, Row, Status
from pci_dss.matrix import EXCEPTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

OSCAL_VERSION = "1.2.1"
NAMESPACE = "urn:payment-api-platform:pci-dss-evidence"
"""Of the properties that OSCAL doesn't define."""
TOOL = "pci_dss"

_IDS = uuid5(NAMESPACE_URL, NAMESPACE)
_METHODS = {
    Basis.EXAMINED: "EXAMINE",
    Basis.EVALUATED: "EXAMINE",
    Basis.OBSERVED: "TEST",
    Basis.TESTED: "TEST",
    Basis.NONE: "NONE",  # a value of our own: NIST's UNKNOWN is for historic content
}
_STANDARD = "PCI DSS 4.0.1"
_ADDRESS = re.compile(
    r"(?:module\.[\w-]+(?:\[[^\]]*\])?\.)*[a-z][a-z0-9]*_\w+\.[\w-]+(?:\[[^\]]*\])?"
)
_SEVERITY = (Status.FAIL, Status.NOT_EVALUATED, Status.MANUAL, Status.EXCEPTION, Status.PASS)

Part = dict[str, Any]


def dumps(evidence: Evidence, paraphrases: Mapping[str, str] | None = None) -> str:
    """Write evidence as OSCAL assessment results, the same text for the same evidence.

    Args:
        evidence: what was found.
        paraphrases: what requirements ask for, by number; for people who read it in a program.

    Raises:
        ValueError: there are no rows; OSCAL has no results about nothing.
    """
    if not evidence.rows:
        raise ValueError("the evidence has no rows: nothing was looked at")
    document = {"assessment-results": _Results(evidence, paraphrases or {}).document()}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class _Observation:
    """What one check saw of one subject, with the rows of all requirements that it serves."""

    id: str
    row: Row


class _Results:
    def __init__(self, evidence: Evidence, paraphrases: Mapping[str, str]) -> None:
        self._evidence = evidence
        self._paraphrases = paraphrases
        self._run = hashlib.sha256(f"{evidence.dumps()}\n".encode()).hexdigest()  # as in the pack
        self._tool = _id("tool", TOOL)

    def document(self) -> Part:
        evidence = self._evidence
        plan = _id(self._run, "plan")
        return {
            "uuid": _id(self._run),
            "metadata": {
                "title": f"{_STANDARD}: evidence of a payment API platform",
                "last-modified": evidence.created,
                "version": evidence.commit,
                "oscal-version": OSCAL_VERSION,
            },
            "import-ap": {
                "href": f"#{plan}",
                "remarks": "There is no assessment plan in OSCAL. What was looked for, and what "
                "was not, is in the rows of the evidence.",
            },
            "local-definitions": {"objectives-and-methods": list(self._objectives())},
            "results": [self._result()],
            "back-matter": {"resources": list(self._resources(plan))},
        }

    def _objectives(self) -> Iterator[Part]:
        for requirement, _ in self._evidence.by_requirement():
            paraphrase = self._paraphrases.get(requirement) or f"{_STANDARD} {requirement}"
            yield {
                "control-id": _control(requirement),
                "parts": [
                    {
                        "id": _objective(requirement),
                        "name": "assessment-objective",
                        "props": [{"name": "method-id", "value": "EXAMINE"}],
                        "prose": paraphrase,
                    }
                ],
            }

    def _result(self) -> Part:
        rows = self._evidence.rows
        observed = self._observations()
        counts = self._evidence.counts()
        return {
            "uuid": _id(self._run, "result"),
            "title": f"Commit {self._evidence.commit}",
            "description": _counted(counts),
            "start": self._evidence.created,
            "end": self._evidence.created,
            "props": [_property(f"rows-{status}", str(counts[status])) for status in Status],
            "local-definitions": self._definitions(),
            "reviewed-controls": {
                "control-selections": [
                    {
                        "include-controls": [
                            {"control-id": _control(number)}
                            for number, _ in self._evidence.by_requirement()
                        ]
                    }
                ]
            },
            **_if_any("observations", [self._observation(each) for each in observed.values()]),
            **_if_any("risks", [self._risk(row, observed) for row in rows if _is_risk(row)]),
            **_if_any(
                "findings",
                [
                    self._finding(requirement, found, observed)
                    for requirement, found in self._evidence.by_requirement()
                ],
            ),
        }

    def _definitions(self) -> Part:
        subjects = {
            _subject(row): {
                "uuid": _subject(row),
                "description": row.subject,
                "props": [
                    _property("address", row.subject),
                    *_properties(environment=row.environment),
                ],
            }
            for row in self._evidence.rows
            if _is_on_resource(row)
        }
        tools = [
            {
                "uuid": _id("tool", name),
                "type": "software",
                "title": name,
                "description": f"{name} {version}".strip(),
                "props": [{"name": "version", "value": _line(version) or "unknown"}],
                "status": {"state": "operational"},
            }
            for name, version in {TOOL: "", **self._evidence.versions}.items()
        ]
        platform = {"uuid": _id("platform"), "title": "make evidence"}
        return {
            **_if_any("inventory-items", list(subjects.values())),
            "assessment-assets": {"components": tools, "assessment-platforms": [platform]},
        }

    def _observations(self) -> dict[str, _Observation]:
        """By what was seen. Requirements that one check serves share an observation."""
        observed: dict[str, _Observation] = {}
        for row in self._evidence.rows:
            key = _seen(row)
            observed.setdefault(key, _Observation(_id(self._run, "observation", key), row))
        return observed

    def _observation(self, observation: _Observation) -> Part:
        row = observation.row
        on = [{"subject-uuid": _subject(row), "type": "inventory-item"}]
        return {
            "uuid": observation.id,
            "title": _line(f"{row.check}: {row.title or row.subject}"),
            "description": "; ".join(row.reasons) or f"{row.status}: {row.subject}",
            "props": _properties(
                status=row.status,
                basis=row.basis,
                check=row.check,
                subject=row.subject,
                environment=row.environment,
                responsibility=row.responsibility,
                exception=row.exception,
            ),
            "methods": [_METHODS[row.basis]],
            "types": ["control-objective"],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": self._tool}]}],
            **_if_any("subjects", on if _is_on_resource(row) else []),
            **_if_any("relevant-evidence", list(_relevant(row))),
            "collected": self._evidence.created,
        }

    def _finding(
        self, requirement: str, rows: Sequence[Row], observed: Mapping[str, _Observation]
    ) -> Part:
        counts = Counter(row.status for row in rows)
        related = dict.fromkeys(observed[_seen(row)].id for row in rows)
        risks = [{"risk-uuid": self._risk_id(row)} for row in rows if _is_risk(row)]
        return {
            "uuid": _id(self._run, "finding", requirement),
            "title": f"{_STANDARD} {requirement}",
            "description": _counted(counts),
            "origins": [{"actors": [{"type": "tool", "actor-uuid": self._tool}]}],
            "target": {
                "type": "objective-id",
                "target-id": _objective(requirement),
                "title": f"What is evidence for {requirement} here",
                "status": _objective_status(counts),
            },
            "related-observations": [{"observation-uuid": each} for each in related],
            **_if_any("related-risks", risks),
        }

    def _risk(self, row: Row, observed: Mapping[str, _Observation]) -> Part:
        is_excepted = row.status == Status.EXCEPTION
        mends = {
            "uuid": _id(self._risk_id(row), "fix"),
            "lifecycle": "recommendation",
            "title": f"Mend {row.check}",
            "description": row.fix,
        }
        return {
            "uuid": self._risk_id(row),
            "title": _line(f"{row.requirement} {row.check}: {row.subject}"),
            "description": row.title or row.check,
            "statement": "; ".join(row.reasons) or f"{row.check} fails",
            **_if_any("props", _properties(exception=row.exception)),
            "status": "deviation-approved" if is_excepted else "open",
            **_if_any("remediations", [mends] if row.fix else []),
            "related-observations": [{"observation-uuid": observed[_seen(row)].id}],
        }

    def _risk_id(self, row: Row) -> str:
        return _id(self._run, "risk", row.requirement, _seen(row))

    def _resources(self, plan: str) -> Iterator[Part]:
        yield {
            "uuid": plan,
            "title": "The evidence, row by row",
            "rlinks": [
                {
                    "href": "evidence.json",
                    "media-type": "application/json",
                    "hashes": [{"algorithm": "SHA-256", "value": self._run}],
                }
            ],
        }
        for source in self._evidence.sources:
            yield {
                "uuid": _id(self._run, "source", source.name, source.kind),
                "title": _line(source.name),
                "description": f"{source.kind}; not part of the pack",
                "props": _properties(sha256=source.sha256),
            }


def _objective_status(counts: Counter[Status]) -> Part:
    worst = next(status for status in _SEVERITY if counts[status])
    reason = {Status.PASS: "pass", Status.FAIL: "fail"}.get(worst, "other")
    return {
        "state": "satisfied" if worst == Status.PASS else "not-satisfied",
        "reason": reason,
        "remarks": _counted(counts),
    }


def _counted(counts: Counter[Status]) -> str:
    return ", ".join(f"{counts[status]} {status}" for status in Status)


def _is_risk(row: Row) -> bool:
    return row.status in (Status.FAIL, Status.EXCEPTION)


def _is_on_resource(row: Row) -> bool:
    """Whether a row is about a resource; one that an exception names may be gone."""
    is_there = bool(row.environment) and row.check != EXCEPTION
    return is_there and _ADDRESS.fullmatch(row.subject) is not None


def _seen(row: Row) -> str:
    """Give everything of a row but its requirement."""
    return json.dumps({**vars(row), "requirement": ""}, sort_keys=True, default=str)


def _relevant(row: Row) -> Iterator[Part]:
    if row.file:
        line = f"#L{row.line}" if row.line else ""
        yield {"href": quote(row.file) + line, "description": "Where it is written"}
    if row.evaluated:
        yield {
            "description": "The values that decided",
            "props": [
                {**_property("evaluated", json.dumps(value, default=str)), "remarks": place}
                for place, value in row.evaluated.items()
            ],
        }


def _control(requirement: str) -> str:
    return f"pci-{requirement}"


def _objective(requirement: str) -> str:
    return f"pci-{requirement}_obj"


def _subject(row: Row) -> str:
    """Give a resource's id, the same one in each run."""
    return _id("resource", row.environment, row.subject)


def _id(*parts: str) -> str:
    return str(uuid5(_IDS, "\0".join(parts)))


def _property(name: str, value: str) -> Part:
    return {"name": name, "ns": NAMESPACE, "value": value}


def _properties(**values: str) -> list[Part]:
    return [_property(name, line) for name, value in values.items() if (line := _line(value))]


def _line(text: str) -> str:
    """Write on one line, as OSCAL's strings are."""
    return " ".join(str(text).split())


def _if_any(name: str, parts: Iterable[Any]) -> Part:
    """Give a list by name; OSCAL has no empty lists."""
    return {name: listed} if (listed := list(parts)) else {}
