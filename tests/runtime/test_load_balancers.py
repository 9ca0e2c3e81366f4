"""Listeners forward to targets: round robin, health, draining, and the TLS that was deployed."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from harness.deploying import PrivateNetwork
from harness.runtime.functions import DeploymentError
from harness.runtime.network.load_balancers import LoadBalancers
from harness.runtime.network.target_group import HEALTHY, INITIAL, UNHEALTHY, Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import boto3

    from harness.aws import EmbeddedAWS
    from harness.deploying import Balancer
    from harness.runtime.network.target_group import TargetGroup

DOMAIN = "pay.internal.example"


@pytest.fixture
def network(
    session: boto3.Session, aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> PrivateNetwork:
    for name, value in aws.environment("444444444444").items():
        monkeypatch.setenv(name, value)
    made = PrivateNetwork(session)
    for each in made.client("elbv2").describe_load_balancers()["LoadBalancers"]:
        made.client("elbv2").delete_load_balancer(LoadBalancerArn=each["LoadBalancerArn"])
    return made


class Server:
    """Says its name to whoever connects, echoes what they send, and is well or not."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.well = True
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            first = await reader.read(65_536)
            if first.startswith(b"GET /health"):
                status = b"200 OK" if self.well else b"503 Ill"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
            else:
                writer.write(self.name.encode() + b":" + first)
                while more := await reader.read(65_536):
                    writer.write(more)
                    await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def servers(*names: str) -> AsyncIterator[list[Server]]:
    made = [Server(name) for name in names]
    for server in made:
        await server.start()
    try:
        yield made
    finally:
        for server in made:
            server.close()


@contextlib.asynccontextmanager
async def balancers(network: PrivateNetwork, folder: Path) -> AsyncIterator[LoadBalancers]:
    running = LoadBalancers(network.session, folder)
    await running.refresh()
    try:
        yield running
    finally:
        running.close()


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def group_of(running: LoadBalancers, balancer: Balancer) -> TargetGroup:
    group = running.group(balancer.group_arn)
    assert group is not None
    return group


def join(running: LoadBalancers, balancer: Balancer, *members: Server) -> list[Target]:
    """Register servers as tasks do, each with an address of its own."""
    targets = []
    for number, member in enumerate(members, 10):
        endpoint = "127.0.0.1", member.port
        targets.append(Target(f"10.20.1.{number}", 8080, partial(_same, endpoint)))
        group_of(running, balancer).register(targets[-1])
    return targets


def _same(endpoint: tuple[str, int], _: int) -> tuple[str, int]:
    return endpoint


async def greet(port: int, **options: Any) -> str:
    """Connect, say hello, and return the name of who answered; empty when it was reset."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
        writer.write(b"hello")
        answer = await reader.read(100)
        writer.close()
    except ConnectionError:
        return ""
    return answer.decode().partition(":")[0]


def test_connections_go_round_robin_to_healthy_targets(
    network: PrivateNetwork, tmp_path: Path
) -> None:
    async def run() -> None:
        balancer = network.balancer("even")
        async with servers("a", "b", "c") as (a, b, c):
            c.well = False
            async with balancers(network, tmp_path) as running:
                targets = join(running, balancer, a, b, c)
                await until(lambda: [t.state for t in targets] == [HEALTHY, HEALTHY, INITIAL])
                port = running.local_port(balancer.listener_arn)
                names = [await greet(port) for _ in range(6)]
                assert sorted(names) == ["a", "a", "a", "b", "b", "b"]
                assert names[:2] == names[2:4]

    asyncio.run(run())


def test_with_no_healthy_target_all_get_connections(
    network: PrivateNetwork, tmp_path: Path
) -> None:
    async def run() -> None:
        balancer = network.balancer("open")
        async with servers("a", "b") as (a, b):
            a.well = b.well = False
            async with balancers(network, tmp_path) as running:
                join(running, balancer, a, b)
                port = running.local_port(balancer.listener_arn)
                assert {await greet(port) for _ in range(4)} == {"a", "b"}

    asyncio.run(run())


def test_a_target_that_fails_its_checks_is_left_out_and_comes_back(
    network: PrivateNetwork, tmp_path: Path
) -> None:
    async def run() -> None:
        balancer = network.balancer("ailing")
        async with servers("a", "b") as (a, b), balancers(network, tmp_path) as running:
            group = group_of(running, balancer)
            often = replace(group.settings.check, interval=0.1)
            group.settings = replace(group.settings, check=often)
            first, second = join(running, balancer, a, b)
            await until(lambda: first.state == second.state == HEALTHY)
            port = running.local_port(balancer.listener_arn)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"x")
            assert await reader.read(10) == b"a:x"
            a.well = False
            await until(lambda: first.state == UNHEALTHY)
            assert "[503]" in first.reason
            assert {await greet(port) for _ in range(4)} == {"b"}
            with pytest.raises(ConnectionError):  # the group ends connections of unhealthy ones
                await reader.read(10)
            a.well = True
            await until(lambda: first.state == HEALTHY)
            assert {await greet(port) for _ in range(4)} == {"a", "b"}

    asyncio.run(run())


def test_a_deregistered_target_drains(network: PrivateNetwork, tmp_path: Path) -> None:
    async def run() -> None:
        balancer = network.balancer("drained")
        async with servers("a") as (a,):
            network.register(balancer, a.port)
            async with balancers(network, tmp_path) as running:
                group = group_of(running, balancer)
                (target,) = group.targets
                await until(lambda: target.state == HEALTHY)
                port = running.local_port(balancer.listener_arn)
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"one")
                assert await reader.read(10) == b"a:one"
                leaving = asyncio.create_task(group.deregister(target))
                await asyncio.sleep(0.1)
                assert await greet(port) == ""  # nothing new
                writer.write(b"two")
                assert await reader.read(10) == b"two"  # what is open goes on
                assert not leaving.done()
                writer.close()
                async with asyncio.timeout(2):
                    await leaving
                assert group.targets == []

    asyncio.run(run())


def test_a_dead_target_ends_the_clients_connection_and_nothing_is_tried_again(
    network: PrivateNetwork, tmp_path: Path
) -> None:
    async def run() -> None:
        balancer = network.balancer("dead")
        async with servers("a", "b") as (a, b), balancers(network, tmp_path) as running:
            targets = join(running, balancer, a, b)
            await until(lambda: all(target.state == HEALTHY for target in targets))
            a.close()
            port = running.local_port(balancer.listener_arn)
            assert sorted([await greet(port) for _ in range(4)]) == ["", "", "b", "b"]

    asyncio.run(run())


def test_much_data_passes_both_ways(network: PrivateNetwork, tmp_path: Path) -> None:
    async def run() -> None:
        balancer = network.balancer("much", domain=DOMAIN)
        sent = bytes(range(256)) * 20_000  # 5 MB, more than any buffer
        async with servers("a") as (a,):
            network.register(balancer, a.port)
            async with balancers(network, tmp_path) as running:
                port = running.local_port(balancer.listener_arn)
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1",
                    port,
                    ssl=running.authority.client_context(),
                    server_hostname=DOMAIN,
                )
                writer.write(sent)
                got = await reader.readexactly(len(sent) + 2)
                assert got == b"a:" + sent
                writer.close()

    asyncio.run(run())


def test_tls_is_what_the_listeners_policy_says(network: PrivateNetwork, tmp_path: Path) -> None:
    async def run() -> None:
        newest = network.balancer(
            "newest", domain=DOMAIN, policy="ELBSecurityPolicy-TLS13-1-3-2021-06"
        )
        usual = network.balancer("usual", domain=DOMAIN)
        async with servers("a") as (a,):
            network.register(newest, a.port)
            network.register(usual, a.port)
            async with balancers(network, tmp_path) as running:
                old = running.authority.client_context()
                old.maximum_version = ssl.TLSVersion.TLSv1_2
                port = running.local_port(usual.listener_arn)
                assert await greet(port, ssl=old, server_hostname=DOMAIN) == "a"
                port = running.local_port(newest.listener_arn)
                with pytest.raises(OSError):  # noqa: PT011 - an alert, or the end of the connection
                    await asyncio.open_connection(
                        "127.0.0.1", port, ssl=old, server_hostname=DOMAIN
                    )
                trusting = running.authority.client_context()
                assert await greet(port, ssl=trusting, server_hostname=DOMAIN) == "a"
                with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
                    await greet(port, ssl=trusting, server_hostname="other.example")
                with pytest.raises(ssl.SSLCertVerificationError):
                    await greet(port, ssl=ssl.create_default_context(), server_hostname=DOMAIN)

    asyncio.run(run())


def test_no_key_stays_on_disk(network: PrivateNetwork, tmp_path: Path) -> None:
    async def run() -> None:
        network.balancer("keys", domain=DOMAIN)
        async with balancers(network, tmp_path):
            files = {path.name: path.read_text() for path in tmp_path.iterdir()}
            assert set(files) == {"authority.pem", "network.json"}
            assert "PRIVATE KEY" not in "".join(files.values())

    asyncio.run(run())


def test_a_refresh_follows_the_deployment_and_keeps_what_stayed(
    network: PrivateNetwork, tmp_path: Path
) -> None:
    async def run() -> None:
        stays, goes = network.balancer("stays"), network.balancer("goes")
        async with servers("a") as (a,), balancers(network, tmp_path) as running:
            port = running.local_port(stays.listener_arn)
            gone = running.local_port(goes.listener_arn)
            network.register(stays, a.port)
            network.client("elbv2").delete_load_balancer(LoadBalancerArn=goes.arn)
            await running.refresh()
            assert running.local_port(stays.listener_arn) == port
            assert await greet(port) == "a"
            assert await greet(gone) == ""
            network.client("elbv2").deregister_targets(
                TargetGroupArn=stays.group_arn, Targets=[{"Id": "127.0.0.1", "Port": a.port}]
            )
            await running.refresh()
            assert await greet(port) == ""

    asyncio.run(run())


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ({"TargetType": "instance"}, "targets of type instance"),
        ({"HealthCheckProtocol": "HTTPS"}, "checked by HTTPS"),
    ],
)
def test_what_cannot_run_here_is_refused_by_name(
    network: PrivateNetwork, tmp_path: Path, group: dict[str, Any], message: str
) -> None:
    name = f"odd-{message[-5:]}"
    network.balancer(name, **group)
    with pytest.raises(DeploymentError, match=f"The target group {name} .*{message}"):
        asyncio.run(LoadBalancers(network.session, tmp_path).refresh())
