"""A plan by warm providers says what a plan by Terraform's own says, for every root."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.known_organization import found_organization, known_organization
from harness.platform import ENVIRONMENTS
from harness.public_zone import public_zone
from harness.terraform import Terraform
from harness.terraform.runner import STOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.aws import EmbeddedAWS

REPOSITORY = Path(__file__).parents[2]
# qa, integration and production are the files of dev.
ROOTS = sorted(
    path.parent
    for path in REPOSITORY.glob("environments/*/versions.tf")
    if path.parent.name not in ENVIRONMENTS[1:]
)
VARIABLES: dict[str, dict[str, Any]] = {
    "bootstrap": {"environment": "dev"},
    "log-archive": {"production_lock": {"mode": "GOVERNANCE"}},
    "trail": {"archive_key_arn": "arn:aws:kms:eu-west-1:222222222222:key/of-the-archive"},
}
LOCAL_BACKEND = {"backend_override.tf": 'terraform {\n  backend "local" {}\n}\n'}

UNORDERED = ("child_modules", "references", "relevant_attributes")

ACCOUNTS = ("222222222222", "333333333333", "444444444444", "555555555555")
REGIONS = ("eu-west-1", "us-east-1")
PLANS = 200
AT_ONCE = 16

WHERE_AM_I = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "account_id" {
  type = string
}

variable "region" {
  type = string
}

variable "number" {
  type = number
}

provider "aws" {
  region = var.region
  assume_role {
    role_arn = "arn:aws:iam::${var.account_id}:role/payments-deploy"
  }
}

data "aws_caller_identity" "current" {}

data "aws_availability_zones" "current" {}

resource "aws_sns_topic" "events" {
  name = "plan-${var.number}-${data.aws_caller_identity.current.account_id}"
}

output "account_id" {
  value = data.aws_caller_identity.current.account_id
}

output "region" {
  value = trimsuffix(data.aws_availability_zones.current.names[0], "a")
}

output "name" {
  value = aws_sns_topic.events.name
}
"""


def test_two_hundred_plans_at_once_are_each_in_their_own_account_and_region(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text(WHERE_AM_I)
    root = terraform.root(tmp_path, workdir=tmp_path / "run", environment=aws.environment())
    root.init()

    def plan(number: int) -> None:
        """Every answer here is AWS's, not an echo of the variables."""
        account_id = ACCOUNTS[number % len(ACCOUNTS)]
        region = REGIONS[number // len(ACCOUNTS) % len(REGIONS)]
        asked = {"account_id": account_id, "region": region, "number": number}
        assert dict(root.plan_from_nothing(asked).outputs) == {
            "account_id": account_id,
            "name": f"plan-{number}-{account_id}",
            "region": region,
        }

    with ThreadPoolExecutor(AT_ONCE) as executor:
        assert len(list(executor.map(plan, range(PLANS)))) == PLANS


def test_applies_at_once_make_each_resource_in_its_own_account_and_region(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text(WHERE_AM_I)
    homes = [(account_id, region) for account_id in ACCOUNTS for region in REGIONS]
    aws.reset()

    def apply(number: int) -> None:
        account_id, region = homes[number]
        root = terraform.root(
            tmp_path,
            workdir=tmp_path / f"run{number}",
            environment=aws.environment(),
            variables={"account_id": account_id, "region": region, "number": number},
        )
        root.init()
        root.apply()

    with ThreadPoolExecutor(len(homes)) as executor:
        list(executor.map(apply, range(len(homes))))
    for number, (account_id, region) in enumerate(homes):
        sns = aws.session(account_id).client("sns", region_name=region)
        assert [topic["TopicArn"] for topic in sns.list_topics()["Topics"]] == [
            f"arn:aws:sns:{region}:{account_id}:plan-{number}-{account_id}"
        ]


@pytest.fixture(scope="module")
def stock() -> Terraform:
    return Terraform.discover(mode=STOCK)


@pytest.fixture
def zone(aws: EmbeddedAWS) -> Iterator[None]:
    with public_zone(aws, "dev"):
        yield


@pytest.fixture(scope="module")
def organization(aws: EmbeddedAWS) -> None:
    """Let the log archive find its organization."""
    found_organization(aws, known_organization()["accounts"])


@pytest.mark.usefixtures("organization", "zone")
@pytest.mark.parametrize("directory", ROOTS, ids=lambda path: path.name)
def test_a_warm_plan_says_what_a_stock_plan_says(
    terraform: Terraform, stock: Terraform, aws: EmbeddedAWS, tmp_path: Path, directory: Path
) -> None:
    environment = aws.environment("444444444444")

    def planned(by: Terraform, run: str) -> Any:
        root = by.root(
            directory, workdir=tmp_path / run, environment=environment, files=LOCAL_BACKEND
        )
        root.init()
        return in_order(root.plan_from_nothing(VARIABLES.get(directory.name)).document)

    assert terraform.warm is not None
    with ThreadPoolExecutor(2) as executor:
        once, again = executor.map(planned, [stock] * 2, ["once", "again"])
    warm = planned(terraform, "warm")
    assert len(once["resource_changes"]) > 5
    assert of_note(differences(once, again)) == set(), "all that two stock plans differ in is known"
    assert of_note(differences(once, warm)) == set()


def of_note(paths: Iterable[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Leave out what differs between any two plans: the time, and a session's random name."""
    of_a_session = ("arn", "user_id")  # in what aws_caller_identity was told
    return {
        path
        for path in paths
        if path != ("timestamp",) and not (path[0] == "prior_state" and path[-1] in of_a_session)
    }


def in_order(document: Any) -> Any:
    """Sort the lists that Terraform fills in no particular order."""
    if isinstance(document, dict):
        items = {key: in_order(value) for key, value in document.items()}
        return {
            key: sorted(value, key=_place) if key in UNORDERED else value
            for key, value in items.items()
        }
    return [in_order(item) for item in document] if isinstance(document, list) else document


def _place(item: Any) -> str:
    address = item.get("address") if isinstance(item, dict) else None
    return str(address or json.dumps(item))


def differences(one: Any, other: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the paths at which two JSON documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, (*path, index))
    elif one != other:
        yield path


def test_a_difference_is_found_wherever_it_is() -> None:
    one = {"a": [1, {"b": 2}], "c": [1]}
    assert list(differences(one, {"a": [1, {"b": 3}], "c": [1, 2]})) == [("a", 1, "b"), ("c",)]
    assert not list(differences(one, one))
