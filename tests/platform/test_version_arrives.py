"""A second version of the payments API comes, and the first ages, while merchants call it."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from harness.caller import Caller
from harness.edge.domain_transport import DomainTransport
from harness.platform import REPOSITORY
from harness.testing import pci
from promotion import usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.platform import MerchantAccess, Platform
    from harness.terraform import Plan, Root

DEPRECATED = {
    "state": "deprecated",
    "deprecated_on": "2098-01-01T00:00:00Z",
    "sunset_on": "2098-07-01T00:00:00Z",
    "successor": "v2",
}
SAID = {
    "deprecation": "@4039372800",
    "sunset": "Tue, 01 Jul 2098 00:00:00 GMT",
    "link": '</v2/payments>; rel="successor-version"',
}
V1 = 'payments_api["v1"]'
# Additive: a description more, which no client can miss.
V1_TITLE, V2_TITLE = "title: Payments", "title: Payments, the second version"


@dataclass
class Load:
    """A merchant's system that authorizes and lists in turn, and repeats nothing."""

    caller: Caller
    answers: Counter[int] = field(default_factory=Counter)
    late: int = 0
    """Answers of v1's function that its store was late: the store is in one process here with the
    AWS that Terraform keeps busy."""
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        """Tell what was answered, and accept nothing but success."""
        print(f"answers {dict(self.answers)}, of a late store {self.late}")
        assert self.failures == []
        assert self.answers.keys() == {200, 201}
        assert self.late < self.answers.total() / 10

    def _run(self) -> None:
        sends: tuple[Callable[[], httpx.Response], ...] = (
            lambda: self.caller.authorize(1250),
            lambda: self.caller.send("GET", "/payments"),
        )
        while not self._stop.is_set():
            for send in sends:
                try:
                    answer = send()
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                    continue
                if answer.status_code == 503 and "storage_unavailable" in answer.text:
                    self.late += 1
                    continue
                self.answers[answer.status_code] += 1
                if not answer.is_success:
                    self.failures.append(f"{answer.status_code} {answer.text}")
            time.sleep(0.2)


class Release:
    """The configuration of this checkout, laid out like a release's, to be changed."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        for folder in ("environments", "modules"):
            shutil.copytree(REPOSITORY / folder, tree / folder)
        for contracts in REPOSITORY.glob("*_src/*/openapi"):
            shutil.copytree(contracts, tree / contracts.relative_to(REPOSITORY))
        # Found under the same path, functions stay as they are.
        (tree / "dist").symlink_to(REPOSITORY / "dist")
        self._openapi = tree / "lambda_src/transaction_gateway/openapi"

    def add_v2(self) -> None:
        contract = (self._openapi / "v1.yaml").read_text(encoding="utf-8")
        assert V1_TITLE in contract
        (self._openapi / "v2.yaml").write_text(contract.replace(V1_TITLE, V2_TITLE, 1))

    def versions(self, **versions: dict[str, str]) -> None:
        told = {"service": "payments", "versions": versions}
        (self._openapi / "versions.json").write_text(json.dumps(told), encoding="utf-8")


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A release with v2 beside v1.

    Nothing takes it back, which would take as long again: it stays for the tests after it.
    """
    release = Release(tmp_path / "release")
    release.add_v2()
    return release


@pytest.fixture
def root(platform: Platform, release: Release) -> Root:
    """Dev as that release has it."""
    root = platform.another_release(release.tree)
    root.init()
    return root


@contextmanager
def calling(platform: Platform, access: MerchantAccess, version: str) -> Iterator[Caller]:
    """A merchant's system that calls a version under the domain, and repeats nothing."""
    address = f"https://{platform.outputs['domain']['name']}/{version}/payments"
    with httpx.Client(transport=DomainTransport(platform.edge.domains()), timeout=60) as http:
        yield Caller(replace(access, invoke_url=address), http, patience_s=0)


def changed(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Give what isn't new and doesn't stay as it is."""
    return {
        change.address: change.actions for change in plan.changes if change.actions != ("create",)
    }


def who_calls(platform: Platform, version: str) -> dict[str, int]:
    """Read calls by merchant, as the gates of a promotion do."""
    platform.edge.flush_logs()
    platform.edge.flush_metrics()
    account: Any = platform.aws.session(platform.account_id)
    callers = usage.report(account.client, "dev", 1)[f"{version}/payments"].callers
    return {caller.merchant_id: caller.calls for caller in callers}


@pytest.mark.timeout(900)
@pci("6.5.1")
def test_v1_stays_up_while_v2_arrives(
    platform: Platform, steady_access: MerchantAccess, release: Release, root: Root
) -> None:
    release.versions(v1={"state": "active"}, v2={"state": "active"})
    with calling(platform, steady_access, "v1") as v1, Load(v1) as load:
        plan = root.plan()
        assert [address for address in changed(plan) if V1 in address] == []
        before = load.answers.total()
        root.apply(plan)
        assert load.answers.total() > before, "merchants paid while v2 was made"
        platform.edge.reload()
        payment_id = v1.authorized(1250)
        with calling(platform, steady_access, "v2") as v2:
            assert v2.send("GET", f"/payments/{payment_id}").json()["payment_id"] == payment_id
        assert v1.send("GET", "/payments").headers.keys().isdisjoint(SAID)
    load.check()

    assert who_calls(platform, "v1")[steady_access.merchant_id] >= load.answers.total()
    assert who_calls(platform, "v2") == {steady_access.merchant_id: 1}


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pci("6.5.1")
def test_v1_stays_up_while_it_begins_to_say_that_it_ends(
    platform: Platform, steady_access: MerchantAccess, release: Release, root: Root
) -> None:
    release.versions(v1=DEPRECATED, v2={"state": "active"})
    with calling(platform, steady_access, "v1") as v1, Load(v1) as load:
        root.apply()
        platform.edge.reload()
        telling = v1.send("GET", "/payments")
        with calling(platform, steady_access, "v2") as v2:
            assert v2.send("GET", "/payments").headers.keys().isdisjoint(SAID)
    load.check()
    assert {name: telling.headers[name] for name in SAID} == SAID
