"""What every request passes before its integration, in API Gateway's order.

A stage refuses by raising :class:`Refusal`. One that has to look something up first returns
an awaitable; the others cost no switch of tasks.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.edge import sigv4
from harness.edge.exchange import Refusal, uri_too_long
from harness.edge.principals import condition_keys
from harness.edge.throttling import admit
from harness.iam import AccessRequest, Decision, Policies, Principal, authorize, evaluate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from harness.edge.exchange import Exchange
    from harness.edge.principals import Caller, Directory

INVOKE = "execute-api:Invoke"
MAX_METHOD_ARN = 1600  # bytes, of the method with the path as sent
_ANONYMOUS = Principal(account_id="anonymous", arn="anonymous")


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Verifies the signature of methods with AWS_IAM."""

    directory: Directory

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None:
        """Find out who calls and whether they signed exactly this request."""
        if not exchange.route.signed:
            return None
        authorization = exchange.header(b"authorization")
        sigv4.refuse_unsupported(exchange.query, exchange.header(b"x-amz-content-sha256"))
        if authorization is None:
            raise sigv4.missing_token()
        for name in sigv4.SENT_ONCE:
            if exchange.repeated(name):
                raise sigv4.sent_twice(name)
        signature = sigv4.parse_authorization(authorization)
        sigv4.check_scope(signature, exchange.stage.region)
        caller = self.directory.known(signature.access_key)
        if caller is None:
            return self._look_up(exchange, signature)
        _verify(exchange, signature, caller)
        return None

    async def _look_up(self, exchange: Exchange, signature: sigv4.Signature) -> None:
        caller = await self.directory.find(signature.access_key)
        if caller is None:
            raise sigv4.unknown_token()
        _verify(exchange, signature, caller)


def _verify(exchange: Exchange, signature: sigv4.Signature, caller: Caller) -> None:
    token = exchange.header(b"x-amz-security-token")
    if not hmac.compare_digest((token or "").encode(), (caller.session_token or "").encode()):
        raise sigv4.unknown_token()
    if caller.expires_at is not None and caller.expires_at <= exchange.received_at:
        raise sigv4.expired_token()
    timestamp = sigv4.check_time(signature, exchange.header(b"x-amz-date"), exchange.received_at)
    sigv4.check_signature(
        signature,
        secret=caller.secret,
        timestamp=timestamp,
        verb=exchange.verb,
        raw_path=exchange.raw_path,
        query=exchange.query,
        headers=exchange.headers,
        body=exchange.body,
    )
    exchange.caller = caller


def check_access(exchange: Exchange) -> None:
    """Evaluate the caller's policies and the API's resource policy.

    The resource is the path as sent, without decoding it, so that no encoding of a path
    reaches further than the policy's author could read.
    """
    stage, caller = exchange.stage, exchange.caller
    if caller is None and stage.resource_policy is None:
        return
    resource = f"{stage.arn}/{exchange.verb}{exchange.path}"
    if len(resource) > MAX_METHOD_ARN:
        raise uri_too_long()
    request = AccessRequest(
        action=INVOKE,
        resource=resource,
        lookup=condition_keys(exchange),
        principal=caller.principal if caller else _ANONYMOUS,
    )
    if caller is None:
        decision = evaluate(stage.resource_policy or (), request)
    else:
        policies = Policies(
            identity=caller.statements,
            boundary=caller.permissions.boundary,
            resource=stage.resource_policy,
        )
        decision = authorize(request, policies, resource_account=stage.account_id).decision
    exchange.decision = decision.value
    if decision is not Decision.ALLOW:
        raise _access_denied(request, decision)


def _access_denied(request: AccessRequest, decision: Decision) -> Refusal:
    who = request.principal.arn
    explicit = " with an explicit deny" if decision is Decision.EXPLICIT_DENY else ""
    parts = request.resource.split(":", 5)
    parts[4] = "********" + parts[4][-4:]  # API Gateway hides the account like this
    return Refusal(
        "ACCESS_DENIED",
        403,
        f"User: {who} is not authorized to perform: {request.action} on resource: "
        f"{':'.join(parts)}{explicit}",
        error_type="AccessDeniedException",
    )


def check_api_key(exchange: Exchange) -> None:
    """Find the key's usage plan for this stage."""
    if not exchange.route.key_required:
        return
    value = exchange.header(b"x-api-key")
    key = exchange.stage.keys.get(value) if value else None
    if key is None:
        raise Refusal("INVALID_API_KEY", 403, "Forbidden", error_type="ForbiddenException")
    exchange.api_key, exchange.api_key_value = key, value


def throttle(exchange: Exchange) -> None:
    """Take from the buckets of plan, method and account."""
    route, key = exchange.route, exchange.api_key
    if key is None:
        admit((route.bucket, exchange.stage.account_bucket), None)
        return
    name = f"{route.resource_path}/{route.verb}"
    buckets = (
        key.method_buckets.get(name),
        key.plan_bucket,
        route.bucket,
        exchange.stage.account_bucket,
    )
    admit(buckets, key.quota)


def inspect(exchange: Exchange) -> None:
    """Ask the stage's web ACL, which comes before anything of the API itself."""
    if exchange.stage.web_acl:
        exchange.stage.web_acl.check(exchange)


def find_route(exchange: Exchange) -> None:
    """Find the method; what isn't deployed is refused like a request without a signature."""
    found = exchange.stage.router.find(exchange.verb, exchange.path)
    if found is None:
        raise sigv4.missing_token()
    exchange.method, exchange.path_parameters = found


def validate(exchange: Exchange) -> None:
    """Run the method's request validator."""
    if exchange.route.validator:
        exchange.route.validator.check(exchange)


def stages(directory: Directory) -> tuple[Callable[[Exchange], Awaitable[None] | None], ...]:
    """All stages, in the order that API Gateway documents."""
    return (
        inspect,
        find_route,
        Authenticator(directory),
        check_access,
        check_api_key,
        throttle,
        validate,
    )
