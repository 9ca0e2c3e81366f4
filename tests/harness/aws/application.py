"""The WSGI application: signs callers in, records and disturbs calls, passes them to moto."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from harness.aws.calls import Call, Signature, call_of
from harness.aws.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from harness.aws.calls import CallLog
    from harness.aws.faults import Faults
    from harness.aws.identities import Identities, Identity

CONTROL_PREFIX = "/_embedded/"
_CREDENTIALS_PREFIX = CONTROL_PREFIX + "credentials/"


class Application:
    """Everything between the socket and moto."""

    def __init__(self, identities: Identities, calls: CallLog, faults: Faults) -> None:
        self._identities = identities
        self._calls = calls
        self._faults = faults
        self._moto = DomainDispatcherApplication(create_backend_app)
        # Flask's debug mode would answer a failure with an HTML page instead of an AWS error.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith(CONTROL_PREFIX):
            return self._control(environ["PATH_INFO"], start)
        try:
            call = self._admit(environ)
            return self._carry_out(call, environ, start)
        except AwsError as error:
            return error.answer(environ, start)

    def _control(self, path: str, start: StartResponse) -> Iterable[bytes]:
        identity = None
        if path.startswith(_CREDENTIALS_PREFIX):
            identity = self._identities.find(path.removeprefix(_CREDENTIALS_PREFIX))
        status = "200 OK" if identity else "404 Not Found"
        document = identity.as_document() if identity else {"message": f"nothing at {path}"}
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(document).encode()]

    def _admit(self, environ: WSGIEnvironment) -> Call:
        """Find the caller and tell moto the account, instead of letting it guess a default."""
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
        return call_of(environ, signature, identity)

    def _carry_out(
        self, call: Call, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        def start_recorded(status: str, headers: list[tuple[str, str]], *extra: object) -> object:
            call.status = int(status[:3])
            call.request_id = next(
                (value for name, value in headers if name.lower() in _REQUEST_ID_HEADERS), ""
            )
            return start(status, headers, *extra)  # type: ignore[arg-type]  # passed on as it came

        try:
            self._faults.strike_before(call)
            body = b"".join(self._moto(environ, start_recorded))
            self._faults.strike_after(call)
        except AwsError as error:
            call.status = error.status
            raise
        finally:
            call.duration = time.monotonic() - call.started_at
            call.body = b""
            self._calls.append(call)
        return [body]


_REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id")


def _carries_token(identity: Identity, environ: WSGIEnvironment) -> bool:
    if identity.session_token is None:
        return True
    presented = environ.get("HTTP_X_AMZ_SECURITY_TOKEN")
    if presented is None:
        return "X-Amz-Security-Token=" in environ.get("QUERY_STRING", "")
    return bool(presented == identity.session_token)
