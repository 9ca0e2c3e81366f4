"""The WSGI application: signs callers in, records and disturbs calls, passes them to moto."""

from __future__ import annotations

import functools
import logging
import re
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from moto.dynamodb.responses import DynamoHandler
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from harness.aws import control
from harness.aws.calls import Call, Signature, call_of
from harness.aws.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from harness.aws.calls import CallLog
    from harness.aws.faults import Faults
    from harness.aws.identities import Identities, Identity

log = logging.getLogger(__name__)

_DYNAMODB = "DynamoDB_20120810."
_ERROR_CODE = re.compile(rb'<Code>([^<]+)</Code>|"(?:__type|code)"\s*:\s*"([^"]+)"')
_NO_SUCH_ROUTE = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>"


class _Moto(DomainDispatcherApplication):
    """Moto's dispatcher, which otherwise lists its package's folder for every request."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.get_backend_for_host = functools.cache(  # type: ignore[method-assign]  # remembered
            super().get_backend_for_host
        )


class Application:
    """Everything between the socket and moto.

    Attributes:
        one_at_a_time: held by whoever uses moto's state.
    """

    def __init__(self, identities: Identities, calls: CallLog, faults: Faults) -> None:
        self._identities = identities
        self._calls = calls
        self._faults = faults
        self._moto = _Moto(create_backend_app)
        self.one_at_a_time = threading.RLock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith(control.PREFIX):
            return control.answer(environ, self._identities, start)
        try:
            call = self._admit(environ)
            return self._carry_out(call, environ, start)
        except AwsError as error:
            return error.answer(environ, start)

    def _admit(self, environ: WSGIEnvironment) -> Call:
        """Find the caller and tell moto, instead of letting it guess a default account."""
        signature = Signature.of(environ)
        if signature is None:
            raise AwsError("MissingAuthenticationToken", "The request isn't signed.", 403)
        identity = self._identities.find(signature.access_key_id)
        if identity is None or not _carries_token(identity, environ):
            raise AwsError(
                "InvalidClientTokenId",
                "The security token included in the request is invalid: use the variables of"
                " EmbeddedAWS.environment(), taken after its last reset().",
                403,
            )
        if identity.expired:
            raise AwsError(
                "ExpiredToken", "The security token included in the request is expired", 403
            )
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = identity.account_id
        environ["HTTP_X_EMBEDDED_PRINCIPAL"] = identity.principal_arn
        environ["HTTP_X_EMBEDDED_ROLE"] = identity.role_arn or ""
        return call_of(environ, signature, identity)

    def _carry_out(
        self, call: Call, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        try:
            self._faults.strike_before(call)
            status, headers, body = self._ask_moto(call, environ)
            call.status = int(status[:3])
            if call.status >= 400:
                call.error = _error_code(headers, body)
            call.request_id = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id", "")
            self._faults.strike_after(call)
        except AwsError as error:
            call.status, call.error = error.status, error.code
            raise
        finally:
            call.duration = time.monotonic() - call.started_at
            call.body = b""
            self._calls.append(call)
        start(status, headers.to_wsgi_list())
        return [body]

    def _ask_moto(self, call: Call, environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
        try:
            if call.target.startswith(_DYNAMODB):
                return _ask_dynamodb(environ)
            with self._turn(call):
                chunks, status, headers = run_wsgi_app(self._moto, environ, buffered=True)
            body = b"".join(chunks)
            if body.startswith(_NO_SUCH_ROUTE):
                raise _unknown_operation(call)
            return status, headers, body
        except AwsError:
            raise
        except NotImplementedError as error:
            raise _unknown_operation(call) from error
        except Exception as error:
            log.exception("moto failed at %s:%s", call.service, call.action)
            raise AwsError("InternalFailure", f"{type(error).__name__}: {error}", 500) from error

    def _turn(self, call: Call) -> AbstractContextManager[object]:
        """Wait for the calls before: moto isn't made for threads, and has one core at most anyway.

        What waits itself must not keep others out: an invocation calls AWS before it answers.
        """
        waits = call.path.endswith("/invocations") or call.target.endswith(".ReceiveMessage")
        return nullcontext() if waits else self.one_at_a_time


def _ask_dynamodb(environ: WSGIEnvironment) -> tuple[str, Headers, bytes]:
    """Ask DynamoDB without Flask's routing, which takes a quarter of such a call's time."""
    status, headers, body = DynamoHandler.dispatch(Request(environ))
    texts = [(name, str(value)) for name, value in headers.items()]
    return f"{status} OK", Headers(texts), body.encode()


def _error_code(headers: Headers, body: bytes) -> str:
    """Read an error's code from an answer in any of AWS's protocols."""
    found = _ERROR_CODE.search(body, 0, 4096)
    code = (found[1] or found[2]).decode() if found else headers.get("x-amzn-errortype", "")
    return code.rpartition("#")[2].partition(":")[0]


def _unknown_operation(call: Call) -> AwsError:
    # A client error, since clients try again for minutes after a server error.
    return AwsError(
        "UnknownOperationException",
        f"The embedded AWS doesn't know {call.service}:{call.action or call.path}:"
        " add it to harness.aws.supplement",
    )


def _carries_token(identity: Identity, environ: WSGIEnvironment) -> bool:
    if identity.session_token is None:
        return True
    presented = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    if presented is None:
        return "X-Amz-Security-Token=" in environ.get("QUERY_STRING", "")
    return bool(presented == identity.session_token)
