"""modules/waf, applied, and its web ACL as AWS returns it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.edge import Edge
from harness.edge.waf.reader import sets_of
from waf.served import Merchant, deploy, withdraw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.edge.waf.compiler import Sets
    from harness.testing import Applies, Clients

# As the corpora need them: senders that are refused, and rates that a test reaches soon.
INPUTS: Mapping[str, Any] = {
    "name": "payments-corpus",
    "addresses": {"deny": ["203.0.113.64/28"]},
    "countries": {"never": ["KP"]},
    "rate_limits": {
        "by_address": 1000,
        "by_api_key": 600,
        "by_forwarded_address": {"requests": 40},
        "window_seconds": 60,
    },
    "signatures": ["cross-site-scripting", "sql-injection"],
    "maximum_capacity": 2000,
}


@dataclass(frozen=True)
class DeployedAcl:
    """A web ACL that Terraform made."""

    arn: str
    document: Mapping[str, Any]
    sets: Sets
    clients: Clients


@pytest.fixture(scope="session")
def deployed_acl(applied: Applies) -> DeployedAcl:
    root = applied("modules/waf", INPUTS)
    client = root.clients.client("wafv2")
    found = root.outputs["web_acl"]
    document = client.get_web_acl(Name=found["name"], Id=found["id"], Scope="REGIONAL")["WebACL"]
    return DeployedAcl(found["arn"], document, sets_of(client), root.clients)


@pytest.fixture(scope="session")
def merchant(deployed_acl: DeployedAcl) -> Iterator[Merchant]:
    """A merchant of three deployed APIs that stand behind the web ACL."""
    clients = deployed_acl.clients
    made = deploy(clients, deployed_acl.arn)
    with Edge(
        endpoint_url=clients.aws.endpoint_url,
        account_id=clients.account_id,
        region=clients.region,
        environment=clients.aws.environment(clients.account_id),
        countries={"127.0.0.0/8": "NL"},
    ) as edge:
        made.edge = edge
        yield made
    withdraw(clients, made)
