"""environments/dev: one call of the composition, planned without its remote state."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.public_zone import public_zone
from harness.testing import Options, pci, rejects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS
    from harness.testing import Planner

ENVIRONMENTS = Path(__file__).resolve().parents[2] / "environments"
ORGANIZATION = json.loads((ENVIRONMENTS / "organization.json").read_text(encoding="utf-8"))
IN_DEV = Options(account_id=ORGANIZATION["accounts"]["dev"])


@pytest.fixture(scope="module", autouse=True)
def zone(aws: EmbeddedAWS) -> Iterator[None]:
    with public_zone(aws, "dev"):
        yield


@pci("7.2.5", "12.5.1")
def test_everything_is_tagged_and_bounded(plan: Planner, release: Path) -> None:
    planned = plan("environments/dev", release_directory=release, options=IN_DEV)
    boundary = f"arn:aws:iam::{IN_DEV.account_id}:policy/payments-workload-boundary"
    for role in planned.all("aws_iam_role"):
        role.expect(permissions_boundary=boundary)
    tags = {"data": "payments", "environment": "dev", "scope": "pci-cde"}
    tagged = [item for item in planned.resources.values() if item.values.get("tags_all")]
    assert len(tagged) > 10
    for resource in tagged:
        resource.expect(tags_all=tags)


@pci("6.5.1")
def test_the_release_is_noted_by_the_digest_of_its_manifest(plan: Planner, release: Path) -> None:
    planned = plan("environments/dev", release_directory=release, options=IN_DEV)
    manifest = (release / "release.json").read_bytes()
    noted = planned.one("aws_ssm_parameter.release")
    noted.expect(name="/payments/release", key_id="alias/payments-terraform-state")
    assert json.loads(noted.raw["value"]) == {
        "commit": json.loads(manifest)["commit"],
        "digest": hashlib.sha256(manifest).hexdigest(),
        "version": json.loads(manifest)["version"],
    }


UNTRUSTED = {"rate_per_second": 1, "burst": 1, "trusted_principal_arns": []}
REFUSED = {
    "no_scheme": ("acquirer_url", "acquirer.example.com", "acquirer", "with its scheme"),
    "not_packaged": ("release_directory", "nowhere", "release_directory", "`make package`"),
    "trusts_nobody": (
        "merchants",
        {"m_bakery": UNTRUSTED},
        "merchants",
        "at least one trusted principal",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_platform_refuses_is_refused_here(plan: Planner, release: Path, case: str) -> None:
    given, value, variable, words = REFUSED[case]
    with rejects(variable=variable, match=re.escape(words)):
        plan("environments/dev", {"release_directory": release, given: value}, options=IN_DEV)


@pci("10.7.2")
def test_somebody_hears_when_logs_are_not_sent(plan: Planner, release: Path) -> None:
    planned = plan("environments/dev", release_directory=release, options=IN_DEV)
    topic = f"arn:aws:sns:eu-west-1:{ORGANIZATION['accounts']['management']}:payments-security"
    for failure in ("errors", "silent", "throttled"):
        address = f'module.forwarding.aws_cloudwatch_metric_alarm.sending["{failure}"]'
        planned.one(address).expect(alarm_actions=[topic])


@pytest.mark.parametrize("environment", ["dev", "qa", "integration", "production"])
def test_an_unknown_role_is_refused_in_every_environment(
    plan: Planner, release: Path, environment: str
) -> None:
    account = Options(account_id=ORGANIZATION["accounts"][environment])
    given = {"release_directory": release, "role": "administrator"}
    with rejects(variable="role", match="or empty for the credentials"):
        plan(f"environments/{environment}", given, options=account)
