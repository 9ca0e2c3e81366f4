"""A small pipeline's world: an embedded AWS, a source, and what runs pipelines there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.aws import EmbeddedAWS
from harness.pipeline.assembled import Assembly
from harness.pipeline.people import Person, TwoPeople, read_plan
from pipeline.small import ACCOUNT, Folder, Small

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as running:
        yield running


@pytest.fixture
def small(aws: EmbeddedAWS) -> Small:
    return Small(aws)


@pytest.fixture
def source(tmp_path: Path) -> Folder:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "greeting.txt").write_text("hello\n")
    return Folder(folder)


@pytest.fixture
def assembly(aws: EmbeddedAWS, source: Folder, tmp_path: Path) -> Assembly:
    return Assembly(
        aws=aws,
        account_id=ACCOUNT,
        workdir=tmp_path / "builds",
        source=source,
        approvers=TwoPeople(
            ("alice", "bob"),
            lambda name: Person(name, aws.session(ACCOUNT, session_name=name)),
            read_plan,
        ),
    )
