"""One request on its way through the gateway, and the one way to refuse it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from harness.edge.routing import NO_PARAMETERS
from harness.runtime.tracing import new_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.edge.domains import Mapped
    from harness.edge.principals import Caller
    from harness.edge.table import ApiKey, Method, Stage
    from harness.edge.tls import TlsConnection
    from harness.edge.waf.rules import Verdict

Headers = list[tuple[bytes, bytes]]

_TRACE_HEADER = b"x-amzn-trace-id"
_TRACE_ROOT = re.compile(r"(?:^|;)Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|\Z)")


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The gateway answers in place of the integration.

    ``response_type`` names the API Gateway response (``THROTTLED``, ``ACCESS_DENIED``, ...)
    whose deployed template renders the answer; ``status`` is what API Gateway would send
    without one. ``error_type`` becomes the ``x-amzn-errortype`` header.
    """

    def __init__(
        self,
        response_type: str,
        status: int,
        message: str,
        *,
        error_type: str,
        validation_error: str | None = None,
    ) -> None:
        super().__init__(message)
        self.response_type = response_type
        self.status = status
        self.message = message
        self.error_type = error_type
        self.validation_error = validation_error


def uri_too_long() -> Refusal:
    """The answer to a URL, or to the ARN of a method with its path, over AWS's limit."""
    return Refusal(
        "DEFAULT_4XX", 414, "Request URI too long", error_type="RequestURITooLongException"
    )


class Exchange:
    """Everything known about one request; filled in while it passes the stages.

    ``path`` is relative to the stage (``/merchants/...``), still percent-encoded;
    ``raw_path`` is what the client sent and signed. Times are seconds. ``trace_root`` is of the
    trace that the client sent, or a new one. ``mapped`` is the API mapping of a custom domain, and
    ``tls`` what is known of the connection to it.
    """

    __slots__ = (
        "_first",
        "api_key",
        "api_key_value",
        "body",
        "caller",
        "decision",
        "domain_name",
        "headers",
        "integration_error",
        "integration_latency",
        "integration_status",
        "mapped",
        "method",
        "path",
        "path_parameters",
        "protocol",
        "query",
        "raw_path",
        "received_at",
        "refusal",
        "request_id",
        "response_length",
        "source_ip",
        "stage",
        "started",
        "status",
        "tls",
        "trace_root",
        "verb",
        "waf",
        "worker_request_id",
    )

    def __init__(
        self,
        scope: Mapping[str, Any],
        stage: Stage,
        path: str,
        *,
        now: float,
        request_id: str,
        mapped: Mapped | None = None,
    ) -> None:
        self.stage: Stage = stage
        self.path = path
        self.mapped = mapped
        self.tls: TlsConnection | None = scope.get("state", {}).get("tls")
        self.domain_name = self.tls.server_name if self.tls else stage.domain_name
        self.verb: str = scope["method"]
        self.raw_path: bytes = scope["raw_path"]
        self.query: bytes = scope["query_string"]
        self.protocol = "HTTP/" + scope["http_version"]
        self.headers: Headers = scope["headers"]
        self._first = dict(reversed(self.headers))
        client = scope["client"]
        self.source_ip: str = client[0] if client else "127.0.0.1"
        self.received_at: float = now
        self.started = time.perf_counter()
        self.request_id = request_id
        self.body = b""
        self.method: Method | None = None
        self.path_parameters: Mapping[str, str] = NO_PARAMETERS
        self.caller: Caller | None = None
        self.api_key: ApiKey | None = None
        self.api_key_value: str | None = None
        self.decision: str | None = None
        self.refusal: Refusal | None = None
        self.status = 0
        self.response_length = 0
        self.integration_error: str | None = None
        self.integration_latency: float | None = None
        self.integration_status: int | None = None
        self.worker_request_id: str | None = None
        self.waf: Verdict | None = None
        self.trace_root = self._sent_root() or new_root(now, request_id)

    def header(self, name: bytes) -> str | None:
        """The first value of a header; ``name`` in lower case."""
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1")

    def repeated(self, name: bytes) -> bool:
        """Whether a header was sent more than once; ``name`` in lower case."""
        if len(self._first) == len(self.headers):
            return False
        return sum(sent == name for sent, _ in self.headers) > 1

    def _sent_root(self) -> str | None:
        sent = self._first.get(_TRACE_HEADER)
        found = _TRACE_ROOT.search(sent.decode("latin-1")) if sent else None
        return found[1] if found else None

    @property
    def whole_path(self) -> str:
        """The path of the request's address: with the stage, or what the domain maps."""
        if self.mapped is None:
            return f"/{self.stage.name}{self.path}"
        return f"/{self.mapped.base_path}{self.path}" if self.mapped.base_path else self.path

    @property
    def route(self) -> Method:
        """The method that the router found."""
        if self.method is None:
            raise LookupError("the request has not been routed yet")
        return self.method
