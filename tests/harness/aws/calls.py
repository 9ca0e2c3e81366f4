"""What was asked of the embedded AWS: one ``Call`` per request, kept in a bounded log."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound
from werkzeug.test import create_environ

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIEnvironment

    from harness.aws.identities import Identity

DEFAULT_CAPACITY = 100_000

_CREDENTIAL = re.compile(
    r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/"
)
_RESOURCE = re.compile(
    rb'"(?:TableName|FunctionName|KeyId|QueueUrl|logGroupName|SecretId|Rule|Name)"\s*:\s*"([^"]+)"'
)


@dataclass(slots=True)
class Signature:
    """The credential scope of a SigV4 request: who asks which service in which region."""

    access_key_id: str
    region: str
    service: str

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> Signature | None:
        """Read the scope from the header or the presigned query; ``None`` if unsigned."""
        scope = environ.get("HTTP_AUTHORIZATION", "")
        if not scope and "X-Amz-Credential" in environ.get("QUERY_STRING", ""):
            query = parse_qs(environ["QUERY_STRING"])
            scope = f"Credential={query['X-Amz-Credential'][0]}"
        match = _CREDENTIAL.search(scope)
        return cls(match["key"], match["region"], match["service"]) if match else None


@dataclass
class Call:
    """One request. ``status`` is 0 until it is answered; times are in seconds.

    ``error`` is the code of a refusal, such as ``AccessDenied``. ``body`` is kept only while the
    call runs, for fault predicates.
    """

    service: str
    region: str
    account_id: str
    principal_arn: str
    method: str
    path: str
    query: str = ""
    target: str = ""
    body: bytes = b""
    resource: str = ""
    started_at: float = field(default_factory=time.monotonic)
    duration: float = 0.0
    status: int = 0
    error: str = ""
    request_id: str = ""
    form_action: str = ""

    @cached_property
    def action(self) -> str:
        """The operation's name, such as ``PutItem``; empty if the service has no such one."""
        if self.target:
            return self.target.rpartition(".")[2]
        return self.form_action or _rest_action(self)

    def matches(self, service: str | None, action: str | None) -> bool:
        """Whether the call is one of that service and action, where given."""
        return (service is None or self.service == service) and (
            action is None or self.action == action
        )


def call_of(environ: WSGIEnvironment, signature: Signature, identity: Identity) -> Call:
    """Describe a request whose body was buffered by the server."""
    body = environ["wsgi.input"].getvalue()
    call = Call(
        service=signature.service,
        region=signature.region,
        account_id=identity.account_id,
        principal_arn=identity.principal_arn,
        method=environ["REQUEST_METHOD"],
        path=environ["RAW_URI"].partition("?")[0],
        query=environ.get("QUERY_STRING", ""),
        target=environ.get("HTTP_X_AMZ_TARGET", ""),
        body=body,
    )
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(body.decode())
        call.form_action = form.get("Action", [""])[0]
        call.resource = "".join(f"role/{name}" for name in form.get("RoleName", ()))
    match = _RESOURCE.search(body, 0, 4096) if call.target else None
    call.resource = call.resource or (match[1].decode() if match else unquote(call.path))
    return call


def _rest_action(call: Call) -> str:
    request = Request(create_environ(call.path, query_string=call.query, method=call.method))
    try:
        operation, _ = get_service_router(call.service).match(request)
    except (NotFound, NotImplementedError, KeyError):
        return ""
    return str(operation.name)


class CallLog:
    """The latest calls, oldest first; ``capacity`` 0 switches the log off.

    Raises:
        ValueError: the capacity is negative.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        if capacity < 0:
            raise ValueError(f"the call log can't hold {capacity} calls: use 0 to switch it off")
        self._calls: deque[Call] = deque(maxlen=capacity)
        self._answered = 0
        self._lock = threading.Lock()

    def append(self, call: Call) -> None:
        """Keep an answered call."""
        with self._lock:
            self._calls.append(call)
            self._answered += 1

    def after(self, number: int) -> tuple[list[Call], int]:
        """Return the calls answered after the first ``number``, and how many that makes.

        Of those that are kept, so that none is given twice.
        """
        with self._lock:
            new = min(self._answered - number, len(self._calls))
            return list(self._calls)[len(self._calls) - new :], self._answered

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()

    def mark(self) -> float:
        """Return the present (monotonic seconds) to pass as ``since``."""
        return time.monotonic()

    def select(
        self, service: str | None = None, action: str | None = None, since: float = 0.0
    ) -> list[Call]:
        """Return the answered calls of a service and action begun at ``since`` or later."""
        with self._lock:
            calls = list(self._calls)
        return [c for c in calls if c.started_at >= since and c.matches(service, action)]

    def count(
        self, service: str | None = None, action: str | None = None, since: float = 0.0
    ) -> int:
        """Count the calls that ``select`` finds."""
        return len(self.select(service, action, since))

    def __iter__(self) -> Iterator[Call]:
        return iter(self.select())

    def __len__(self) -> int:
        return len(self._calls)
