"""Everything that runs in an account besides its APIs, put together from what was deployed."""

from __future__ import annotations

import asyncio
import base64
import secrets
import sys
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from harness.runtime.events.sources import EventSources
from harness.runtime.functions import DeploymentError
from harness.runtime.invocation import InvokeRefused, Throttled
from harness.runtime.local_api import LocalApi
from harness.runtime.network.internet import Internet
from harness.runtime.network.load_balancers import LoadBalancers
from harness.runtime.service import LambdaService
from harness.runtime.tasks.services import Services, ServicesError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import boto3

    from harness.runtime.logs import LogShipper
    from harness.runtime.metrics import Metrics

_START_SECONDS = 40.0  # that services get to become steady, before the APIs are served anyway
_ROLL_SECONDS = 50.0  # that they get after a change
_INVOKE_PATH = "/functions"


class AccountRuntime:
    """Functions, load balancers, ECS services and event sources of one account and region.

    Args:
        session: credentials of the account, with its region.
        endpoint_url: the embedded AWS.
        directory: of the run; what lies there is removed with it.
        public_endpoints: names on the internet, with ports on this machine that answer HTTP.
        acquirer_endpoints: the same, and found in a VPC too, which has a way out to the acquirer.
    """

    def __init__(
        self,
        session: boto3.Session,
        account_id: str,
        endpoint_url: str,
        directory: Path,
        logs: LogShipper,
        metrics: Metrics,
        public_endpoints: Mapping[str, int],
        acquirer_endpoints: Mapping[str, int],
    ) -> None:
        self._registry = f"{endpoint_url}/_embedded/invokers/{account_id}/{session.region_name}"
        self._token = secrets.token_urlsafe(24)
        self._local_api = LocalApi()
        self.balancers = LoadBalancers(session, directory)
        self._acquirer = frozenset(name.lower() for name in acquirer_endpoints)
        endpoints = {**public_endpoints, **acquirer_endpoints}
        self._internet = Internet(endpoints, self.balancers.authority, directory)
        self.functions = LambdaService(
            session, endpoint_url, logs, metrics, surroundings=self._surroundings
        )
        self.services = Services(
            session,
            endpoint_url=endpoint_url,
            directory=directory,
            logs=logs,
            balancers=self.balancers,
            local_api=self._local_api,
        )
        self.sources = EventSources(
            session, account_id, endpoint_url, self.functions.invoke, metrics
        )
        metrics.watch(self.balancers.measure)
        metrics.watch(self.services.measure)

    async def start(self) -> None:
        """Start what is deployed. Services that don't become steady are reported, no more.

        Raises:
            DeploymentError: something can't run here.
        """
        await self._local_api.start()
        await self._internet.start()
        names = self._internet.names
        found = {name: address for name, address in names.items() if name in self._acquirer}
        self.balancers.let_out(found, {way: self._internet.routes[way] for way in found.values()})
        await self.balancers.refresh()
        await self.services.refresh()
        await self._register()
        try:
            await self.services.settle(_START_SECONDS)
        except ServicesError as error:
            print(error, file=sys.stderr, flush=True)
        await self.sources.refresh()

    async def refresh(self) -> None:
        """Follow what is deployed now, load balancers excepted; ``settle`` waits for services.

        Raises:
            DeploymentError: something can't run here.
        """
        await self.functions.refresh()
        await self.services.refresh()
        await self.sources.refresh()

    async def settle(self) -> None:
        """Wait until every service runs as deployed.

        Raises:
            ServicesError: one doesn't.
        """
        await self.services.settle(_ROLL_SECONDS)

    async def close(self) -> None:
        """End everything."""
        await self._unregister()
        await self.sources.close()
        await self.services.close()
        await self.functions.close()
        self.balancers.close()
        self._internet.close()
        self._local_api.close()

    def _surroundings(self, in_vpc: bool) -> Mapping[str, str]:
        return self.balancers.environment() if in_vpc else self._internet.environment()

    async def _register(self) -> None:
        url = self._local_api.offer(_INVOKE_PATH, self._token, self._invoke)
        content = {"url": url, "token": self._token}
        response = await asyncio.to_thread(httpx.put, self._registry, json=content, timeout=10)
        response.raise_for_status()

    async def _unregister(self) -> None:
        try:
            content = {"token": self._token}
            await asyncio.to_thread(
                httpx.request, "DELETE", self._registry, json=content, timeout=10
            )
        except httpx.HTTPError:
            return  # the embedded AWS has ended, and its registry with it

    async def _invoke(self, body: bytes) -> Mapping[str, Any]:
        """Carry out Invoke for the embedded AWS."""
        order = orjson.loads(body)
        name, qualifier = order["function"], order["qualifier"]
        payload = base64.b64decode(order["payload"])
        if order["event"]:
            self.sources.asynchronous.submit(name, qualifier, payload)
            return {"request_id": secrets.token_hex(16)}
        try:
            outcome = await self.functions.invoke(name, qualifier, payload)
        except InvokeRefused as error:
            status = 429 if isinstance(error, Throttled) else 404
            return _refusal(error.code, str(error), status)
        except DeploymentError as error:
            # Not a server's error, which clients would try again.
            return _refusal("InvalidRuntimeException", str(error), 400)
        return {
            "payload": base64.b64encode(outcome.payload).decode(),
            "error": outcome.error,
            "version": outcome.version,
            "request_id": outcome.request_id,
            "log": outcome.log,
        }


def _refusal(code: str, message: str, status: int) -> Mapping[str, Any]:
    return {"refused": {"code": code, "message": message, "status": status}}
