"""Around every page: who calls, what was sent, what is answered when something is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as SdkConnectionError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from merchant_dashboard import forms, identity, telemetry
from merchant_dashboard.errors import (
    FOREIGN_FORM,
    INTERNAL,
    STORAGE,
    TOO_LARGE,
    Failure,
    PageError,
)
from merchant_dashboard.templating import relative
from payment_core.problems import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from merchant_dashboard.application import Application
    from merchant_dashboard.identity import Principal

    Page = Callable[["Call"], Response]
    """Makes the answer to one request, in a thread."""

_UNAVAILABLE = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a merchant's person. ``path`` begins with /merchants."""

    application: Application
    principal: Principal
    path: str
    request_id: str
    parts: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def merchant_id(self) -> str:
        """The path's merchant, who is the caller's."""
        return self.principal.merchant_id

    def link(self, *parts: str, **query: str | None) -> str:
        """Link to a page of the merchant."""
        target = "/".join(("/merchants", self.merchant_id, *parts))
        sent = {name: value for name, value in query.items() if value}
        return relative(self.path, target) + (f"?{urlencode(sent)}" if sent else "")

    def form_token(self, *purpose: object) -> str:
        """Make the token of a form on the page."""
        return self.application.tokens.form(self.principal, *purpose)

    def check_form(self, *purpose: object) -> None:
        """Raise ``PageError`` unless the form was made for this person and purpose."""
        token = self.form.get("csrf", "")
        self.application.tokens.check_form(token, self.principal, *purpose)

    def page(self, template: str, *, title: str, section: str, **values: object) -> Response:
        """Answer a page. ``section`` is the entry of the menu that it belongs to."""
        return HTMLResponse(
            self.application.templates.render(
                template,
                title=title,
                section=section,
                link=self.link,
                principal=self.principal,
                merchant_id=self.merchant_id,
                **values,
            )
        )

    def redirect(self, *parts: str) -> Response:
        """Send the browser on after a form, with a link as relative as all others."""
        return RedirectResponse(self.link(*parts), status_code=303)


def endpoint(
    application: Application, route: str, page: Page
) -> Callable[[Request], Awaitable[Response]]:
    """Make a Starlette endpoint of a page: identity first, then what was sent, then the page."""

    async def answer(request: Request) -> Response:
        request.state.route = route
        try:
            body = await _body(request) if request.method == "POST" else b""
            return await run_in_threadpool(_answer, application, page, request, body)
        except Exception as error:
            return failed(application, request, error)

    return answer


def _answer(application: Application, page: Page, request: Request, body: bytes) -> Response:
    principal = identity.read(request.headers)
    application.profiles.bind(principal, request.path_params["merchant_id"])
    request.state.merchant_id = principal.merchant_id
    if request.method == "POST":
        # A browser says where a form came from; programs don't, and have their token.
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise PageError(FOREIGN_FORM)
        forms.check_form(request.headers.get("content-type", ""), body)
    call = Call(
        application,
        principal,
        path=request.scope["path"],
        request_id=request.state.request_id,
        parts=request.path_params,
        query=forms.read_fields(request.scope["query_string"]),
        form=forms.read_fields(body),
    )
    return page(call)


async def _body(request: Request) -> bytes:
    """Read no more of a body than a form may have."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > forms.MAX_BODY_BYTES:
            raise PageError(TOO_LARGE)
    return body


def failed(application: Application, request: Request, error: Exception) -> Response:
    """Answer an error: a page to browsers, a problem document to programs."""
    failure = _failure(error)
    request.state.code = failure.code
    telemetry.count(_METRICS.get(failure.code, "Refusals" if failure.status < 500 else "Faults"))
    if not isinstance(error, PageError):
        application.telemetry.failure(
            "request failed",
            error,
            request_id=request.state.request_id,
            aws_code=_aws_code(error),
        )
    return failure_response(application, request, failure)


def failure_response(application: Application, request: Request, failure: Failure) -> Response:
    """Write a failure in the form that the client reads."""
    request_id: str = request.state.request_id
    if "text/html" not in request.headers.get("accept", "text/html"):
        return Response(_problem(failure, request_id), failure.status, media_type=CONTENT_TYPE)
    # The caller's own pages, whatever the path says; nothing of the path's merchant is shown.
    try:
        principal = identity.read(request.headers)
    except PageError:
        principal = None

    def link(*parts: str) -> str:
        merchant_id = principal.merchant_id if principal else ""
        return relative(request.scope["path"], "/".join(("/merchants", merchant_id, *parts)))

    content = application.templates.render(
        "failure.html",
        title=failure.title,
        section="",
        failure=failure,
        request_id=request_id,
        principal=principal,
        merchant_id=principal.merchant_id if principal else "",
        link=link,
    )
    return HTMLResponse(content, failure.status)


_METRICS = {
    "card_number_refused": "CardNumbersRefused",
    "form_expired": "FormsRefused",
    "foreign_form": "FormsRefused",
    "merchant_mismatch": "CallersRefused",
    "api_key_mismatch": "CallersRefused",
}
"""Refusals that are worth an alarm of their own."""


def _failure(error: Exception) -> Failure:
    if isinstance(error, PageError):
        return error.failure
    if isinstance(error, HTTPClientError | SdkConnectionError) or _aws_code(error) in _UNAVAILABLE:
        return STORAGE
    return INTERNAL


def _aws_code(error: Exception) -> str | None:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None


def _problem(failure: Failure, request_id: str) -> bytes:
    document: dict[str, Any] = {
        "type": f"urn:payment-api:problem:{failure.code}",
        "title": failure.title,
        "status": failure.status,
        "detail": failure.text,
        "code": failure.code,
        "retryable": failure.retryable,
        "request_id": request_id,
    }
    return json.dumps(document, separators=(",", ":")).encode()
