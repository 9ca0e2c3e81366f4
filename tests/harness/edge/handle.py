"""The edge as its parent sees it: a child process with an address and a few commands."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

START_TIMEOUT = 60.0  # seconds
RELOAD_TIMEOUT = 120.0  # seconds; services get 50 of them to become steady
CLOSE_TIMEOUT = 20.0  # seconds; requests under way get 5 of them, tasks of services 8


class EdgeError(Exception):
    """The edge couldn't start or obey; the text is the child's own."""


class FunctionError(EdgeError):
    """A function that was run failed; ``payload`` has errorType and errorMessage."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        super().__init__(f"{payload.get('errorType')}: {payload.get('errorMessage')}")
        self.payload = payload


class Edge:
    """The data plane of one account, in a process of its own; a context manager.

    It serves what is deployed when it starts: REST APIs, functions, load balancers, ECS services
    and event sources. ``reload`` makes it read AWS again. While it runs, Invoke of the embedded
    AWS is carried out here.

    Args:
        endpoint_url: the embedded AWS.
        account_id: whose REST APIs and functions run.
        region: where they are.
        port: TCP port on 127.0.0.1, 0 for a free one.
        environment: variables on top of this process's, with credentials of the account.
        public_endpoints: names on the internet that functions outside a VPC shall find, each with
            a port on this machine. HTTPS on port 443 ends at the edge, which has a certificate
            for the name that functions trust, and goes on to the port as plain HTTP.
        acquirer_endpoints: the same, and found by functions in a VPC too: what the VPC's way out
            leads to.
        countries: ISO 3166 codes by network, such as ``{"127.0.0.0/8": "DE"}``, for web ACLs that
            ask where clients are; there is no database of addresses here.
        messages: where it tells what clients aren't told; standard error if None.

    Raises:
        EdgeError: it didn't become ready; says why.
    """

    def __init__(
        self,
        *,
        endpoint_url: str,
        account_id: str,
        region: str,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
        public_endpoints: Mapping[str, int] | None = None,
        acquirer_endpoints: Mapping[str, int] | None = None,
        countries: Mapping[str, str] | None = None,
        messages: IO[str] | None = None,
    ) -> None:
        # Its temporary files are removed by the parent, so also when it was killed.
        self._files = tempfile.TemporaryDirectory(prefix="edge-")
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [
                *(sys.executable, "-m", "harness.edge", "--endpoint-url", endpoint_url),
                *("--account-id", account_id, "--region", region, "--port", str(port)),
                *("--public-endpoints", json.dumps(dict(public_endpoints or {}))),
                *("--acquirer-endpoints", json.dumps(dict(acquirer_endpoints or {}))),
                *("--countries", json.dumps(dict(countries or {}))),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=messages,
            env={**os.environ, **(environment or {}), "TMPDIR": self._files.name},
            text=True,
            # Ctrl-C in a terminal must reach the parent alone, which ends this in its order.
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._answers: dict[int, Future[Any]] = {}
        self._ready: Future[Mapping[str, Any]] = Future()
        self._reader = threading.Thread(target=self._read, name="edge-answers", daemon=True)
        self._reader.start()
        try:
            port = self._ready.result(START_TIMEOUT)["port"]
        except TimeoutError:
            self.close()
            raise EdgeError(f"The edge wasn't ready within {START_TIMEOUT:.0f} seconds.") from None
        except EdgeError:
            self.close()
            raise
        self.url = f"http://127.0.0.1:{port}"

    def invoke_url(self, api_id: str, stage: str) -> str:
        """The local address of a deployed stage."""
        return f"{self.url}/{api_id}/{stage}"

    def reload(self) -> None:
        """Read what is deployed again; requests under way finish on the old APIs.

        Services roll to a new task definition: old tasks stop when the new ones are healthy.

        Raises:
            EdgeError: what is deployed now can't be served, and the old table stays; or a
                service doesn't become steady, which is said with its reason.
        """
        self._order("reload", RELOAD_TIMEOUT)

    def fire_schedule(self, rule_name: str, *, timeout: float = 900) -> Any:
        """Run the Lambda target of an EventBridge rule now and return its result.

        Raises:
            FunctionError: the function failed.
            EdgeError: there is no such rule, or it couldn't invoke its target.
        """
        return self._outcome("fire_schedule", timeout, rule_name=rule_name)

    def invoke(
        self,
        function_name: str,
        payload: Any,
        *,
        qualifier: str | None = None,
        timeout: float = 900,
    ) -> Any:
        """Run a function with a payload and return its result; ``timeout`` in seconds.

        Raises:
            FunctionError: the function failed.
            EdgeError: there is no such function, or it is throttled.
        """
        return self._outcome(
            "invoke", timeout, function_name=function_name, qualifier=qualifier, payload=payload
        )

    def worker_pids(self, function_name: str) -> list[int]:
        """Process ids of the living workers of a function, all versions."""
        pids: list[int] = self._order("worker_pids", function_name=function_name)
        return pids

    def web_acls(self) -> list[dict[str, Any]]:
        """The web ACLs of the deployed stages.

        Each has ``name``, ``arn``, ``stages`` as ``API/STAGE``, and what is ``not_evaluated`` here
        though AWS would: ``rule``, ``reason``, the number of ``requests`` since the last reload,
        and of managed rule groups ``group`` and ``version``.
        """
        found: list[dict[str, Any]] = self._order("web_acls")
        return found

    def services(self) -> list[dict[str, Any]]:
        """What the ECS services do.

        Each has ``name``, ``desired``, ``running``, ``healthy``, ``rollout``, ``steady``,
        ``last_failure``, and the tasks that ``stopped``, the latest last.
        """
        found: list[dict[str, Any]] = self._order("services")
        return found

    def tasks(self, service: str | None = None) -> list[dict[str, Any]]:
        """The tasks of a service by its name, or of all, that haven't ended.

        Each has ``id``, ``service``, ``task_definition``, ``pid``, ``state``, ``health``,
        ``address`` and its local ``ports`` by container port.
        """
        found: list[dict[str, Any]] = self._order("tasks", service=service)
        return found

    def kill_task(self, task_id: str) -> None:
        """End a task by SIGKILL; its service replaces it.

        Raises:
            EdgeError: there is no such task.
        """
        self._order("kill_task", task_id=task_id)

    def drain(self, *, seconds: float = 300) -> None:
        """Wait until streams and queues with a function are empty and nothing runs any more.

        Raises:
            EdgeError: something is still pending when time is up; says what.
        """
        self._order("drain", seconds + 10, seconds=seconds)

    def domains(self) -> Mapping[str, Any]:
        """The custom domains, and the ``authority``'s certificate file that clients trust.

        ``domains`` has by name the ``port`` on 127.0.0.1, the ``security_policy``, whether there is
        ``mutual_tls``, and what of the policy is ``not_shown`` on this machine.
        """
        found: Mapping[str, Any] = self._order("domains")
        return found

    def flush_logs(self) -> None:
        """Send access and function logs to their groups now."""
        self._order("flush_logs")

    def flush_metrics(self) -> None:
        """Send logs, and what was measured besides them, to CloudWatch now."""
        self._order("flush_metrics")

    def close(self) -> None:
        """End the edge and its workers, logs sent; may be called twice."""
        stdin = self._process.stdin
        if stdin and not stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                stdin.close()
        try:
            self._process.wait(CLOSE_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._files.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _outcome(self, command: str, timeout: float, **arguments: Any) -> Any:
        outcome = self._order(command, timeout, **arguments)
        if outcome["error"]:
            raise FunctionError(outcome["payload"])
        return outcome["payload"]

    def _order(self, command: str, timeout: float = 60, /, **arguments: Any) -> Any:
        number = next(self._numbers)
        answer: Future[Any] = Future()
        order = json.dumps({"id": number, "command": command, "arguments": arguments})
        with self._lock:
            self._answers[number] = answer
            try:
                stdin = _pipe(self._process.stdin)
                stdin.write(order + "\n")
                stdin.flush()
            except (BrokenPipeError, ValueError):
                raise EdgeError("The edge has ended; start another one.") from None
        try:
            return answer.result(timeout)
        except TimeoutError:
            raise EdgeError(f"The edge didn't {command} within {timeout:.0f} seconds.") from None

    def _read(self) -> None:
        """Hand the child's lines to whoever waits for them."""
        for line in _pipe(self._process.stdout):
            message = json.loads(line)
            if "ready" in message:
                self._ready.set_result(message["ready"])
            elif "id" not in message:
                self._fail(EdgeError(message["error"]))
            elif answer := self._answers.pop(message["id"], None):
                if "error" in message:
                    answer.set_exception(EdgeError(message["error"]))
                else:
                    answer.set_result(message["result"])
        self._fail(EdgeError("The edge ended; its messages are on standard error."))

    def _fail(self, error: EdgeError) -> None:
        with self._lock:
            waiting = [self._ready, *self._answers.values()]
            self._answers.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(error)


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("the child was started with pipes")
    return stream
