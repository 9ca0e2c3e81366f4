"""From release to release a version takes one step, keeps its promises, and breaks nobody."""

from __future__ import annotations

import copy
import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from api_versions.contracts import CONTRACT
from promotion import api_versions
from promotion.__main__ import main
from promotion.api_versions import STEPS, Version
from promotion.errors import BrokenInputError, Refused
from promotion.record import CURRENT_SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

V1 = Version("payments", "v1", "active", contract=yaml.safe_load(CONTRACT))
STATES = [state for state in STEPS if state != "absent"]


def one(version: Version) -> dict[str, Version]:
    return {version.path: version}


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_release_takes_one_step(before: str, after: str) -> None:
    versions = one(replace(V1, state=before)), one(replace(V1, state=after))
    if after in STEPS[before]:
        api_versions.check(*versions)
    else:
        with pytest.raises(Refused, match="version-step"):
            api_versions.check(*versions)


@pytest.mark.parametrize("state", ["active", "deprecated", "sunset", "retired"])
def test_a_version_is_not_forgotten(state: str) -> None:
    with pytest.raises(Refused, match="would be absent"):
        api_versions.check(one(replace(V1, state=state)), {})


def test_the_day_that_clients_were_told_does_not_come_nearer() -> None:
    told = replace(V1, state="deprecated", sunset_on="2027-07-01T00:00:00Z")
    api_versions.check(one(told), one(replace(told, sunset_on="2027-08-01T00:00:00Z")))
    with pytest.raises(Refused, match="version-promise"):
        api_versions.check(one(told), one(replace(told, sunset_on="2027-06-01T00:00:00Z")))


@pytest.mark.parametrize("state", ["preview", "active", "deprecated", "sunset"])
def test_a_contract_is_frozen_once_it_is_active(state: str) -> None:
    broken = copy.deepcopy(dict(V1.contract))
    broken["paths"] = {}
    before = replace(V1, state=state)
    after = one(replace(before, contract=broken))
    if state == "preview":
        api_versions.check(one(before), after)
    else:
        with pytest.raises(Refused, match="contract-frozen"):
            api_versions.check(one(before), after)


def test_a_breaking_contract_may_come_as_a_new_version() -> None:
    v2 = replace(V1, name="v2", contract={"paths": {}})
    api_versions.check(one(V1), {**one(V1), **one(v2)})


def test_the_versions_of_this_checkout_are_read() -> None:
    found = api_versions.of_folder(Path())
    assert {"v1/dashboard", "v1/fraud", "v1/payments"} <= found.keys()
    assert all(version.contract["openapi"] for version in found.values())


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"versions.json": "{"}, "doesn't tell its versions"),
        ({"versions.json": '{"service": "a", "versions": {"v1": {}}}'}, "doesn't tell"),
        (
            {"versions.json": '{"service": "a", "versions": {"v1": {"state": "active"}}}'},
            "there is no contract",
        ),
    ],
)
def test_what_is_not_told_is_broken_input(
    files: Mapping[str, str], words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "lambda_src/a/openapi"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(BrokenInputError, match=words):
        api_versions.of_folder(tmp_path)


class Stored:
    """A store with one thing in it."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def get(self, key: str) -> bytes | None:
        assert key == CURRENT_SOURCE
        return self.content


def source(**replaced: str) -> bytes:
    """Zip the contracts of this checkout as the pipeline's source, some of them replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in Path().glob("*_src/*/openapi/*"):
            archive.writestr(path.as_posix(), replaced.get(path.name, path.read_text()))
    return buffer.getvalue()


def test_verify_compares_with_what_was_released(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    richer = Path("lambda_src/transaction_gateway/openapi/v1.yaml").read_text(encoding="utf-8")
    richer = richer.replace("operationId: createToken", "operationId: makeToken")
    for content, status, said in (
        (None, 0, "nothing was released yet"),
        (source(), 0, "no client of the last release breaks"),
        (source(**{"v1.yaml": richer}), 3, "contract-frozen"),
    ):
        store = Stored(content)
        monkeypatch.setattr("promotion.store.Store.of_environment", lambda store=store: store)
        assert main(["breaking", "--released"]) == status
        told = capsys.readouterr()
        assert said in told.out + told.err
