"""The Lambda service of the local data plane: which version runs, and how many at a time."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.runtime.functions import DeploymentError, FunctionReader, FunctionVersion
from harness.runtime.invocation import Invocation, InvokeRefused, Outcome, Throttled
from harness.runtime.metrics import function_source
from harness.runtime.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import boto3

    from harness.runtime.functions import Environment
    from harness.runtime.logs import LogShipper
    from harness.runtime.metrics import Metrics

WORKERS_PER_CPU = int(os.environ.get("HARNESS_WORKERS_PER_CPU", "4"))
_ARN_PARTS = 7  # arn:aws:lambda:REGION:ACCOUNT:function:NAME, then perhaps a qualifier

Key = tuple[str, str | None]  # function name, qualifier


@dataclass(frozen=True, slots=True)
class _Target:
    """What a function name with its qualifier stands for at the moment."""

    arn: str
    reserved: int | None
    pools: Mapping[str, Pool]
    weights: Mapping[str, float]


class LambdaService:
    """Invokes the deployed functions of one account.

    Functions are read when first used; ``refresh`` reads them again.

    Args:
        session: credentials of the account, with its region.
        endpoint_url: the embedded AWS, also for the functions themselves.
        surroundings: gives more variables of workers inside the VPC (True) or outside.
        choose: a number in [0, 1) that decides between the versions of an alias.
    """

    def __init__(
        self,
        session: boto3.Session,
        endpoint_url: str,
        logs: LogShipper,
        metrics: Metrics,
        *,
        surroundings: Callable[[bool], Mapping[str, str]] = lambda _: {},
        workers_per_cpu: int = WORKERS_PER_CPU,
        choose: Callable[[], float] = random.random,
    ) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="lambda-")
        self._reader = FunctionReader(
            session, endpoint_url, Path(self._directory.name), surroundings
        )
        self._surroundings = surroundings
        self._logs = logs
        self._metrics = metrics
        self._most_workers = (os.cpu_count() or 1) * workers_per_cpu
        self._choose = choose
        self._targets: dict[Key, _Target] = {}
        self._pools: dict[int, Pool] = {}
        self._running: dict[str, int] = {}
        self._reading = asyncio.Lock()

    async def invoke(
        self, name: str, qualifier: str | None, payload: bytes, trace_root: str | None = None
    ) -> Outcome:
        """Run a function and wait for its outcome; a function error is an outcome.

        Without ``trace_root`` the invocation begins a trace of its own. Shield it from
        cancellation: the worker goes on, and counts as running until it ends.

        Raises:
            InvokeRefused: it doesn't exist, or its reserved concurrency is used up.
            DeploymentError: what was deployed can't run here.
        """
        target = self._targets.get((name, qualifier)) or await self._read(name, qualifier)
        running = self._running.get(name, 0)
        if target.reserved is not None and running >= target.reserved:
            self._metrics.note(function_source(name, qualifier), {"Throttles": 1})
            raise Throttled(name, target.reserved)
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._running[name] = running + 1
        try:
            self._pool(target).submit(Invocation(payload, target.arn, done, trace_root))
            outcome = await done
        finally:
            self._running[name] -= 1
        executed = outcome.version if len(target.weights) > 1 else None
        self._metrics.note(
            function_source(name, qualifier, executed),
            {
                "ConcurrentExecutions": running + 1,
                "Duration": outcome.duration_ms,
                "Errors": int(outcome.error is not None),
                "Invocations": 1,
                "Throttles": 0,
            },
        )
        return outcome

    def policy(self, name: str, qualifier: str | None) -> str | None:
        """The resource policy of a function or alias, as JSON; reads it from AWS."""
        return self._reader.policy(name, qualifier)

    async def refresh(self) -> None:
        """Read the functions in use again; versions no longer meant finish and end."""
        async with self._reading:
            known = list(self._targets)
            self._targets.clear()
            for name, qualifier in known:
                try:
                    self._targets[name, qualifier] = await self._target(name, qualifier)
                except InvokeRefused:
                    continue  # it was deleted; the next call says so
            used = {pool for target in self._targets.values() for pool in target.pools.values()}
            for key, pool in list(self._pools.items()):
                if pool not in used:
                    pool.retire()
                    del self._pools[key]

    def worker_pids(self, name: str) -> list[int]:
        """Process ids of a function's living workers, of all versions."""
        pools = [pool for pool in self._pools.values() if pool.function.name == name]
        return sorted(pid for pool in pools for pid in pool.pids)

    async def close(self) -> None:
        """End all workers and remove the unpacked code."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        self._directory.cleanup()

    def _pool(self, target: _Target) -> Pool:
        chosen = self._choose()
        for version, weight in target.weights.items():
            chosen -= weight
            if chosen < 0:
                return target.pools[version]
        return next(iter(target.pools.values()))

    async def _read(self, name: str, qualifier: str | None) -> _Target:
        async with self._reading:
            key = (name, qualifier)
            if key not in self._targets:
                self._targets[key] = await self._target(name, qualifier)
            return self._targets[key]

    async def _target(self, name: str, qualifier: str | None) -> _Target:
        weights = await asyncio.to_thread(self._reader.alias_weights, name, qualifier)
        versions = [
            await asyncio.to_thread(self._reader.version, name, version) for version in weights
        ]
        return _Target(
            arn=versions[0].unqualified_arn + (f":{qualifier}" if qualifier else ""),
            reserved=versions[0].reserved,
            pools={function.version: self._pool_of(function) for function in versions},
            weights=weights,
        )

    def _pool_of(self, function: FunctionVersion) -> Pool:
        limit = self._most_workers
        if function.reserved is not None:
            limit = min(limit, function.reserved)
        more = sorted(self._surroundings(function.in_vpc).items())
        key = hash((function.fingerprint, *more))
        pool = self._pools.get(key)
        if pool is None:
            pool = Pool(function, limit, self._logs, self._environment)
            self._pools[key] = pool
        pool.resize(limit)
        return pool

    async def _environment(self, function: FunctionVersion) -> Environment:
        return await asyncio.to_thread(self._reader.environment, function)


def parse_arn(arn: str, account_id: str, region: str) -> Key:
    """The function name and qualifier in a Lambda ARN.

    Raises:
        DeploymentError: it isn't a function of this account and region.
    """
    parts = arn.split(":")
    ours = ["arn", "aws", "lambda", region, account_id, "function"]
    if parts[:6] != ours or not _ARN_PARTS <= len(parts) <= _ARN_PARTS + 1:
        raise DeploymentError(f"{arn} isn't a Lambda function of account {account_id} in {region}.")
    return parts[6], parts[7] if len(parts) > _ARN_PARTS else None
