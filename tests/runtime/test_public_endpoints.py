"""A run's names on the internet: seen as public addresses, served over TLS that holds."""

from __future__ import annotations

import ipaddress
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from harness.deploying import PrivateNetwork
from harness.edge import Edge, FunctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.aws import EmbeddedAWS

ACCOUNT, REGION = "444444444444", "eu-west-1"
SOURCE = """
import json, socket, urllib.request

def handle(event, context):
    host = event["host"]
    address = socket.getaddrinfo(host, 443)[0][4][0]
    request = urllib.request.Request(f"https://{host}/hook", data=b"hello", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return {"address": address, "status": answer.status}
    except OSError as error:
        return {"address": address, "error": str(error)}
"""


@pytest.fixture
def received() -> Iterator[tuple[int, list[bytes]]]:
    """A merchant's server: its port, and the bodies that came."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, bodies
    server.shutdown()
    server.server_close()


def test_a_function_reaches_a_merchants_endpoint(
    aws: EmbeddedAWS, deploy: Callable[..., str], received: tuple[int, list[bytes]]
) -> None:
    deploy("poster", SOURCE)
    port, bodies = received
    with Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
        public_endpoints={"hooks.merchant.example": port},
    ) as edge:
        answer = edge.invoke("poster", {"host": "hooks.merchant.example"})
        assert answer["status"] == 204
        assert ipaddress.ip_address(answer["address"]).is_global
        refused = edge.invoke("poster", {"host": answer["address"]})
    assert bodies == [b"hello"]
    assert "CERTIFICATE_VERIFY_FAILED" in json.dumps(refused)


def test_a_function_in_a_vpc_reaches_the_acquirer_alone(
    aws: EmbeddedAWS, deploy: Callable[..., str], received: tuple[int, list[bytes]]
) -> None:
    network = PrivateNetwork(aws.session(ACCOUNT))
    place = {"SubnetIds": [network.subnet], "SecurityGroupIds": [network.security_group]}
    deploy("caller", SOURCE, VpcConfig=place)
    port, bodies = received
    with Edge(
        endpoint_url=aws.endpoint_url,
        account_id=ACCOUNT,
        region=REGION,
        environment=aws.environment(ACCOUNT),
        public_endpoints={"hooks.merchant.example": port},
        acquirer_endpoints={"api.acquirer.example": port},
    ) as edge:
        assert edge.invoke("caller", {"host": "api.acquirer.example"})["status"] == 204
        with pytest.raises(FunctionError, match="gaierror"):
            edge.invoke("caller", {"host": "hooks.merchant.example"})
    assert bodies == [b"hello"]
