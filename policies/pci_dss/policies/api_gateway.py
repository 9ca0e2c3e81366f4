"""Who gets into APIs, and by which doors: IAM, default endpoints, firewalls, throttles, caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pci_dss.openapi import definition, operations, switches_default_endpoint_off
from pci_dss.policy import policy
from pci_dss.related import alike, first, missing, names
from pci_dss.subject import Subject, together

if TYPE_CHECKING:
    from collections.abc import Iterator

_REST_API, _HTTP_API = "aws_api_gateway_rest_api", "aws_apigatewayv2_api"
_REST_STAGE, _HTTP_STAGE = "aws_api_gateway_stage", "aws_apigatewayv2_stage"
_SETTINGS = "aws_api_gateway_method_settings"
_APIS = (_REST_API, _HTTP_API)
_EVERY_METHOD = "*/*"
_SWITCH = "disable_execute_api_endpoint"


def _is_authorized(subject: Subject) -> bool:
    """Whether it has methods of its own, or is one that can ask who calls."""
    if subject.type in _APIS:
        return bool(definition(subject))
    if subject.type == "aws_apigatewayv2_route":
        return subject.get("route_key") == "$connect" or not _is_websocket_route(subject)
    return True


@policy(
    "PCI_5",
    "Every method asks for IAM",
    requirements=("7.2.5", "7.3.3"),
    types=("aws_api_gateway_method", "aws_apigatewayv2_route", *_APIS),
    fix="Authorize by AWS_IAM; OPTIONS may do without where a MOCK integration answers it.",
    applies=_is_authorized,
)
def methods_ask_for_iam(subject: Subject) -> Iterator[str]:
    """Fail on whatever lets a caller in who didn't sign. A key alone meters, and proves nothing."""
    if subject.type in _APIS:
        yield from _operations_ask_for_iam(subject)
    elif subject.type == "aws_apigatewayv2_route":
        if (kind := subject.get("authorization_type", default="NONE")) != "AWS_IAM":
            yield f"{subject.get('route_key')} authorizes by {kind}"
    elif (kind := subject.get("authorization", default="NONE")) != "AWS_IAM":
        method = subject.get("http_method")
        if method != "OPTIONS" or not _is_mock(subject):
            key = " and a key" if subject.get("api_key_required") else ""
            yield f"{method} authorizes by {kind}{key}"


def _operations_ask_for_iam(subject: Subject) -> Iterator[str]:
    for operation in operations(definition(subject)):
        wanted = [sorted(each) for each in operation.alternatives]
        subject.note("body", str(operation), value=wanted or "open")
        if not operation.signed and not (operation.method == "OPTIONS" and operation.mock):
            asked = " or ".join(" and ".join(each) or "nothing" for each in wanted)
            yield f"{operation} asks for {asked or 'nothing'}"


def _is_mock(method: Subject) -> bool:
    def answers(integration: Subject) -> bool:
        return (
            integration.get("type") == "MOCK"
            and integration.get("http_method") == method.get("http_method")
            and alike(method, integration, "rest_api_id", _REST_API)
            and alike(method, integration, "resource_id", "aws_api_gateway_resource", _REST_API)
        )

    return first(method.others("aws_api_gateway_integration"), answers) is not None


def _is_websocket_route(route: Subject) -> bool:
    key = str(route.get("route_key"))
    if key == "$default":
        apis = route.named("api_id", types=[_HTTP_API])
        return any(
            isinstance(api, Subject) and api.get("protocol_type") == "WEBSOCKET" for api in apis
        )
    return " " not in key


@policy(
    "PCI_17",
    "Every stage and method is throttled",
    requirements=("6.2.4",),
    types=(_SETTINGS, _REST_STAGE, _HTTP_STAGE),
    fix="Set throttling_rate_limit and throttling_burst_limit above 0 for all methods.",
)
def methods_are_throttled(subject: Subject) -> Iterator[str]:
    """Fail on limits that are off, and on stages whose methods have none."""
    if subject.type == _SETTINGS:
        yield from _unlimited(subject, "settings", 0)
    elif subject.type == _HTTP_STAGE:
        yield from _unlimited(subject, "default_route_settings", 0)
        for route in subject.each("route_settings"):
            yield from _unlimited(subject, *route, inherits=True)
    elif first(subject.others(_SETTINGS), lambda each: _sets_all(each, subject)) is None:
        yield from missing(subject, "no settings of */* throttle its methods")


def _unlimited(subject: Subject, *path: str | int, inherits: bool = False) -> Iterator[str]:
    """Yield limits that aren't above 0; what is unset may be inherited."""

    def judge(limit: str) -> Iterator[str]:
        value = subject.get(*path, limit)
        if not (inherits and value in (None, 0)) and (value is None or value <= 0):
            yield f"{limit} is {'not set' if value is None else value}"

    return together(map(judge, ("throttling_rate_limit", "throttling_burst_limit")))


def _sets_all(settings: Subject, stage: Subject) -> bool:
    return (
        settings.get("method_path") == _EVERY_METHOD
        and alike(stage, settings, "rest_api_id", _REST_API)
        and _is_of_stage(settings, stage)
    )


def _is_of_stage(settings: Subject, stage: Subject) -> bool:
    if settings.known("stage_name"):
        return bool(settings.get("stage_name") == stage.get("stage_name"))
    return names(settings, stage, "stage_name")


@policy(
    "PCI_19",
    "No cardholder data in caches",
    requirements=("3.3.1",),
    types=(_SETTINGS, _REST_STAGE),
    fix="Leave caching off: a cache keeps answers, and the card data in them.",
)
def answers_are_not_cached(subject: Subject) -> Iterator[str]:
    """Fail on caches of stages and methods, encrypted or not."""
    if subject.type == _SETTINGS:
        if subject.get("settings", 0, "caching_enabled"):
            yield f"answers of {subject.get('method_path')} are cached"
    elif subject.get("cache_cluster_enabled"):
        yield "the stage has a cache"


def _has_domain(api: Subject) -> bool:
    mappings = api.others("aws_api_gateway_base_path_mapping", "aws_apigatewayv2_api_mapping")
    return first(mappings, lambda each: names(each, api, "api_id")) is not None


@policy(
    "PCI_20",
    "APIs with a domain have no default endpoint",
    requirements=("1.4.2", "4.2.1"),
    types=_APIS,
    fix="Set disable_execute_api_endpoint: clients come by the domain, with its certificates.",
    applies=_has_domain,
)
def default_endpoint_is_off(subject: Subject) -> Iterator[str]:
    """Fail on a second door beside the domain."""
    # Where nothing sets it, AWS leaves it on, and a plan says that it isn't known.
    if subject.configures(_SWITCH):
        off = subject.get(_SWITCH)
    else:
        off = subject.configures("body") and switches_default_endpoint_off(definition(subject))
    if not off:
        yield "it answers under execute-api too, beside its domain"


def _is_public(stage: Subject) -> bool:
    if stage.type == _HTTP_STAGE:
        return True
    apis = stage.named("rest_api_id", types=[_REST_API])
    return not any(isinstance(api, Subject) and _is_private(api) for api in apis)


def _is_private(api: Subject) -> bool:
    kinds = {
        api.get(*kind)
        for block in api.each("endpoint_configuration")
        for kind in api.each(*block, "types")
    }
    return kinds == {"PRIVATE"}


@policy(
    "PCI_21",
    "No public API without a web ACL",
    requirements=("6.4.2",),
    types=(_REST_STAGE, _HTTP_STAGE),
    fix="Associate the stage with an aws_wafv2_web_acl; HTTP APIs take none: use a REST API.",
    applies=_is_public,
)
def web_acl_stands_before(subject: Subject) -> Iterator[str]:
    """Fail on stages that the internet reaches without a firewall in front."""
    if subject.type == _HTTP_STAGE:
        yield "AWS WAF can't stand before an HTTP or WebSocket API"
        return
    if subject.known("web_acl_arn") and subject.get("web_acl_arn"):
        return
    associations = subject.others("aws_wafv2_web_acl_association")
    if first(associations, lambda each: names(each, subject, "resource_arn")) is None:
        yield from missing(subject, "no web ACL stands before it")
