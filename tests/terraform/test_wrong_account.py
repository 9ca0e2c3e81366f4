"""The guard of the warm providers: nothing outside of the configured account and region passes."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from moto.sts.models import STSBackend

from harness.terraform import Terraform, TerraformError
from harness.terraform.installation import attached
from harness.terraform.store import Store, folder
from harness.terraform.warm import WarmProviders, guard
from harness.terraform.warm.guard import Home, WrongAccountError
from harness.terraform.warm.messages import parse
from harness.terraform.warm.place import Place
from harness.terraform.warm.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.aws import EmbeddedAWS
    from harness.terraform.warm.place import Configured

ACCOUNTS = {"payments": "444444444444", "logs": "555555555555"}
ROLE = "arn:aws:iam::{}:role/payments-deploy"
HOME = Home(ACCOUNTS["payments"], "eu-west-1")
OWN_ARN = "arn:aws:sns:eu-west-1:444444444444:events"

TOPIC_PER_ALIAS = """
terraform {{
  required_providers {{
    aws = {{
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }}
  }}
}}

provider "aws" {{
  alias = "payments"
  assume_role {{
    role_arn = "arn:aws:iam::444444444444:role/payments-deploy"
  }}
}}

provider "aws" {{
  alias  = "logs"
  region = "{region}"
  assume_role {{
    role_arn = "arn:aws:iam::{account_id}:role/payments-deploy"
  }}
}}

resource "aws_sns_topic" "payments" {{
  provider = aws.payments
  name     = "payments"
}}

resource "aws_sns_topic" "logs" {{
  provider = aws.logs
  name     = "logs${{aws_sns_topic.payments.arn == "" ? "" : ""}}"
}}
"""


def state(**values: Any) -> bytes:
    packed: bytes = msgpack.packb(values)
    return packed


@pytest.mark.parametrize(
    "arn",
    [
        OWN_ARN,
        "arn:aws:iam::444444444444:role/payments",
        "arn:aws:s3:::payments",
        "arn:aws:apigateway:eu-west-1::/restapis/a1",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "not an ARN",
        None,
    ],
)
def test_what_is_at_home_or_everywhere_passes(arn: str | None) -> None:
    HOME.check("aws_sns_topic", state(arn=arn))


def test_what_is_gone_or_has_no_arn_passes() -> None:
    HOME.check("aws_sns_topic", msgpack.packb(None))
    HOME.check("aws_sns_topic_policy", state(policy="{}"))


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sns:eu-west-1:555555555555:events",
        "arn:aws:sns:us-east-1:444444444444:events",
        "arn:aws:iam::555555555555:role/payments",
        "arn:aws-cn:sns:eu-west-1:555555555555:events",
    ],
)
def test_what_is_elsewhere_is_refused(arn: str) -> None:
    with pytest.raises(WrongAccountError, match="444444444444 in eu-west-1") as refused:
        HOME.check("aws_sns_topic", state(arn=arn))
    assert str(refused.value).startswith(f"aws_sns_topic is {arn}, but")


def answer(account_id: str) -> bytes:
    response = parse("DataResponse")
    response.state.msgpack = state(account_id=account_id)
    packed: bytes = response.SerializeToString()
    return packed


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, HOME),
        ({"region": "us-east-1"}, Home("444444444444", "us-east-1")),
        ({"assume_role": [{"role_arn": ROLE.format("444444444444")}]}, HOME),
        ({"allowed_account_ids": ["333333333333", "444444444444"]}, HOME),
    ],
)
def test_home_is_what_the_configuration_says(config: dict[str, Any], expected: Home) -> None:
    environment = {"AWS_REGION": "eu-west-1"}
    assert guard.home(state(**config), environment, answer("444444444444")) == expected


@pytest.mark.parametrize(
    "config",
    [
        {"assume_role": [{"role_arn": ROLE.format("444444444444")}]},
        {"allowed_account_ids": ["444444444444"]},
    ],
)
def test_credentials_of_another_account_have_no_home(config: dict[str, Any]) -> None:
    with pytest.raises(WrongAccountError, match="account 444444444444, but its credentials belong"):
        guard.home(state(**config), {}, answer("666666666666"))


def test_credentials_of_nobody_have_no_home() -> None:
    with pytest.raises(WrongAccountError, match="belong to nobody"):
        guard.home(state(), {}, b"")


def test_a_role_that_leads_to_another_account_is_noticed_before_the_plan(
    terraform: Terraform, aws: EmbeddedAWS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assume = STSBackend.assume_role

    def elsewhere(self: STSBackend, *, role_arn: str, **named: Any) -> Any:
        return assume(self, role_arn=role_arn.replace("555555555555", "666666666666"), **named)

    (tmp_path / "main.tf").write_text(
        TOPIC_PER_ALIAS.format(region="eu-west-1", account_id="555555555555")
    )
    root = terraform.root(
        tmp_path, workdir=tmp_path / "run", environment=aws.environment("444444444444")
    )
    root.init()
    monkeypatch.setattr(STSBackend, "assume_role", elsewhere)
    with pytest.raises(TerraformError, match="was to work in account 555555555555, but"):
        root.plan()


class Careless(Place):
    """Shares one process among all configurations, as attaching without the proxy does."""

    async def configured(self, request: bytes) -> Configured:
        first = next(iter(self._configured.values()), None)
        return await asyncio.shield(first) if first else await super().configured(request)


@pytest.fixture
def careless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A proxy in this process that mixes configurations up; gives `lease`."""
    monkeypatch.setattr("harness.terraform.warm.proxy.Place", Careless)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    async def make() -> Proxy:
        return Proxy(Store(folder()), tmp_path, idle_places=1)

    proxy = wait(make())
    try:
        yield lambda *arguments: wait(proxy.lease(*arguments))
    finally:
        wait(proxy.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.parametrize(
    ("region", "account_id", "words"),
    [
        ("eu-west-1", "555555555555", "was to work in account"),
        ("us-east-1", "444444444444", "but its provider is configured for account 444444444444 in"),
    ],
)
def test_a_proxy_that_mixes_configurations_up_is_caught(
    careless: Any,
    terraform: Terraform,
    aws: EmbeddedAWS,
    tmp_path: Path,
    region: str,
    account_id: str,
    words: str,
) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/main.tf").write_text(
        TOPIC_PER_ALIAS.format(region=region, account_id=account_id)
    )
    environment = aws.environment("444444444444")
    warm = WarmProviders()
    known = Terraform(terraform.cli, terraform.providers, warm).root(
        tmp_path / "root", workdir=tmp_path / "run", environment=environment
    )
    known.init()
    (binary,) = filter(None, warm.installations.values())
    _, port = careless(str(binary), str(tmp_path), environment, None)
    root = terraform.root(
        tmp_path / "root",
        workdir=tmp_path / "run",
        environment={**environment, **attached(os.getpid(), port)},
    )
    with pytest.raises(TerraformError, match=words):
        root.apply()
