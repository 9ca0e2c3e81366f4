"""Thousands of transactions in flight at once, and the books afterwards.

The deployed handler runs in a backend that can hold them; two edges stand before it, as API Gateway
is more than one machine, and a repeated request comes through the other one.
"""

from __future__ import annotations

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from harness.aws import EmbeddedAWS
from harness.deploying import PrivateNetwork
from harness.edge import Edge
from harness.overload.child import Child
from harness.overload.crowd_client import AMOUNT
from harness.overload.deployment import ACCOUNT, REGION, admitted, import_api, targets_healthy
from harness.overload.load import Transaction
from harness.overload.tally import Tally
from harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MERCHANT, STAGE = "m_crowd", "live"
EDGES = 2
COPIED = 10  # every tenth order is sent twice
MOST_SECONDS = 120
_FILES_A_TRANSACTION = 4  # of an edge: from the client, to the load balancer, and its two ends
_SPARE_FILES = 1000
_TIMEOUT_MS = 29_000
_IDENTITY = {
    "x-principal-arn": "context.identity.userArn",
    "x-account-id": "context.identity.accountId",
    "x-api-key-id": "context.identity.apiKeyId",
    "x-request-id": "context.extendedRequestId",
}


class CrowdError(Exception):
    """The machine can't hold so many; says what to change."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What became of a crowd. ``books`` is the backend's audit; memory in MiB of the backend."""

    count: int
    copies: int
    tally: Tally
    orders: int
    ids: int
    replayed: int
    books: Mapping[str, Any]
    seconds: float
    memory: float

    @property
    def faults(self) -> list[str]:
        """Everything that isn't as it must be."""
        books, count = self.books, self.count
        expected = {
            "transactions that failed": (self.tally.failed, 0),
            "transactions at the acquirer at one time": (books["peak"], count),
            "payments": (books["payments"], count),
            "payments told to merchants": (self.ids, count),
            "orders answered": (self.orders, count),
            "payments captured, by state": (books["states"], {"captured": count}),
            "authorizations charged": (books["authorizations"], count),
            "orders charged": (books["orders_authorized"], count),
            "captures charged": (books["captures"], count),
            "payments whose capture was charged": (books["payments_captured"], count),
            # Only a worker that takes over a lease that ran out may ask again, after 28 s.
            "repetitions that reached the acquirer": (books["asked_again"], 0),
            "amount captured": (books["captured"], count * AMOUNT),
            "ledger entries": (books["entries"], count),
            "sum of the ledger": (books["ledger_sum"], 0),
            "receivable from the acquirer": (
                books["ledger"].get("acquirer_receivable EUR"),
                count * AMOUNT,
            ),
        }
        return [
            f"{what}: {found}, not {wanted}"
            for what, (found, wanted) in expected.items()
            if found != wanted
        ]


def run_crowd(count: int, *, rate: float = 600) -> Crowd:
    """Have ``count`` transactions begin, ``rate`` a second, none answered before all are there.

    Raises:
        CrowdError: the machine doesn't allow so many open files.
        ChildError: the merchants' process failed.
    """
    allow_files(_FILES_A_TRANSACTION * -(-count // EDGES) + _SPARE_FILES)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        aws = stack.enter_context(EmbeddedAWS(region=REGION))
        network = PrivateNetwork(aws.session(ACCOUNT))
        balancer = network.balancer("crowd")
        integration = {
            "type": "http_proxy",
            "connectionType": "VPC_LINK",
            "connectionId": network.vpc_link(balancer),
            "httpMethod": "POST",
            "timeoutInMillis": _TIMEOUT_MS,
        }
        root = "/merchants/{merchant_id}/payments"
        paths = {
            path: _proxied(integration, path) for path in (root, root + "/{payment_id}/captures")
        }
        api_id = import_api(network, "crowd", paths, [STAGE])
        signer, key_id = admitted(aws, network, MERCHANT, [{"apiId": api_id, "stage": STAGE}])
        pid, port = stack.enter_context(_service(count, key_id))
        network.register(balancer, port)
        edges = [stack.enter_context(_edge(aws, stack)) for _ in range(EDGES)]
        wait_until(lambda: targets_healthy(network, [balancer]), 30)
        client = Child(
            "harness.overload.crowd_client",
            {
                "urls": [
                    f"{edge.invoke_url(api_id, STAGE)}/merchants/{MERCHANT}/payments"
                    for edge in edges
                ],
                "signer": signer.document(),
                "count": count,
                "copied": COPIED,
                "rate": rate,
            },
        )
        answered = client.result(MOST_SECONDS)
        books = _audit(port)
        memory = psutil.Process(pid).memory_info().rss / 2**20
    done = [Transaction(**each) for each in answered["transactions"]]
    return Crowd(
        count=count,
        copies=len(done) - count,
        tally=Tally.of(done, count / rate),
        orders=answered["orders"],
        ids=answered["ids"],
        replayed=answered["replayed"],
        books=books,
        seconds=time.monotonic() - started,
        memory=memory,
    )


def allow_files(needed: int) -> None:
    """Raise the limit of open files, which children inherit.

    Raises:
        CrowdError: the hard limit is lower.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise CrowdError(
            f"So many transactions at once need {needed} open files a process, and this machine "
            f"allows {hard}: raise the hard limit (`ulimit -Hn`, LimitNOFILE of systemd, "
            "/etc/security/limits.conf), or run fewer transactions."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _proxied(integration: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A path's integration: the same path at the backend, with who calls in headers."""
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    mapped = {
        **{f"integration.request.path.{name}": f"method.request.path.{name}" for name in names},
        **{f"integration.request.header.{name}": value for name, value in _IDENTITY.items()},
    }
    return {
        **integration,
        "uri": f"http://crowd.internal.example{path}",
        "requestParameters": mapped,
    }


def _edge(aws: EmbeddedAWS, stack: contextlib.ExitStack) -> Edge:
    messages = stack.enter_context(tempfile.TemporaryFile("w"))  # noqa: SIM115 - the stack closes it
    return Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
        messages=messages,
    )


@contextlib.contextmanager
def _service(count: int, api_key_id: str) -> Iterator[tuple[int, int]]:
    """Run the backend; give its process id and port."""
    threads = count + count // COPIED + 50
    process = subprocess.Popen(  # noqa: S603 - our own module
        [
            *(sys.executable, "-m", "harness.overload.payments_service"),
            *("--crowd", str(count), "--threads", str(threads), "--api-key-id", api_key_id),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the backend has no output")
        yield process.pid, json.loads(process.stdout.readline())["port"]
    finally:
        process.terminate()
        process.wait()


def _audit(port: int) -> dict[str, Any]:
    address = f"http://127.0.0.1:{port}/audit"
    with urllib.request.urlopen(address, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
