"""CloudWatch Logs: destinations, which let other accounts send events to a stream of this one."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend, LogStream, SubscriptionFilter, logs_backends
from moto.logs.responses import LogsResponse

from harness.aws.log_delivery import destinations, worker
from harness.aws.log_delivery.subscriptions import subscriptions_of
from harness.aws.supplement.registry import mend

_DESTINATION = mend(
    "logs:PutDestination",
    reason="takes a destination whose stream doesn't exist or whose role may not put records",
    observed="a destination in front of no delivery stream was applied",
)
_FILTER = mend(
    "logs:PutSubscriptionFilter",
    reason="takes a destination for a log group, forgets the distribution, can't change the second"
    " filter, and has whoever writes events wait for their delivery",
    observed="aws_cloudwatch_log_subscription_filter to another account: no such log group",
)


class AccessDeniedError(JsonRESTError):
    """A destination's policy doesn't let the account send."""

    def __init__(self, account_id: str, action: str, destination_arn: str) -> None:
        super().__init__(
            "AccessDeniedException",
            f"User with accountId: {account_id} is not authorized to perform: {action}"
            f" on resource: {destination_arn}",
        )


def check_sender(
    backend: LogsBackend, action: str, destination_arn: str, role_arn: str | None
) -> None:
    """See that an account may subscribe a destination or a delivery stream.

    Args:
        backend: the sender's account and region.
        action: what it does, such as ``logs:PutAccountPolicy``.
        destination_arn: a log destination, or a Firehose delivery stream of the account.
        role_arn: the role that CloudWatch Logs sends with.

    Raises:
        AccessDeniedError: the destination's policy doesn't allow it.
        InvalidParameterException: something else is in the way.
    """
    try:
        sender = destinations.Sender(backend.account_id, backend.region_name, role_arn)
        destinations.check(sender, action, destination_arn)
    except destinations.NotAllowedError:
        raise AccessDeniedError(backend.account_id, action, destination_arn) from None
    except destinations.UnusableError as error:
        raise InvalidParameterException(str(error)) from None


@_DESTINATION.around(LogsBackend, "put_destination")
def _put_destination(
    original: Any,
    backend: LogsBackend,
    destination_name: str,
    role_arn: str,
    target_arn: str,
    tags: dict[str, str] | None,
) -> Any:
    try:
        owner = f"{backend.region_name}:{backend.account_id}"
        own_arn = f"arn:aws:logs:{owner}:destination:{destination_name}"
        destinations.find_stream(target_arn, role_arn, own_arn)
    except destinations.UnusableError as error:
        raise InvalidParameterException(str(error)) from None
    return original(backend, destination_name, role_arn, target_arn, tags or {})


@_FILTER.around(LogsBackend, "put_subscription_filter")
def _put_subscription_filter(
    original: Any,
    backend: LogsBackend,
    log_group_name: str,
    filter_name: str,
    filter_pattern: str,
    destination_arn: str,
    role_arn: str,
) -> None:
    arguments = filter_name, filter_pattern, destination_arn, role_arn
    if not destinations.is_served(destination_arn):
        original(backend, log_group_name, *arguments)
        return
    if log_group_name not in backend.groups:
        raise ResourceNotFoundException
    check_sender(backend, "logs:PutSubscriptionFilter", destination_arn, role_arn or None)
    backend.groups[log_group_name].put_subscription_filter(*arguments)


@_FILTER.around(LogGroup, "put_subscription_filter")
def _change_or_add(original: Any, group: LogGroup, filter_name: str, *arguments: Any) -> None:
    if existing := group.subscription_filters.get(filter_name):
        existing.update(*arguments)
    else:
        original(group, filter_name, *arguments)


@_FILTER.around(LogsResponse, "put_subscription_filter")
def _keep_distribution(original: Any, response: LogsResponse) -> str:
    answer = original(response)
    group = response.logs_backend.groups[response._get_param("logGroupName")]
    added = group.subscription_filters[response._get_param("filterName")]
    vars(added)["distribution"] = response._get_param("distribution") or "ByLogStream"
    return str(answer)


@_FILTER.around(SubscriptionFilter, "to_json")
def _to_json(original: Any, subscription: SubscriptionFilter) -> dict[str, Any]:
    described = {**original(subscription), "distribution": vars(subscription)["distribution"]}
    return {name: value for name, value in described.items() if value is not None}


@_FILTER.around(LogStream, "put_log_events")
def _send_on(original: Any, stream: LogStream, log_events: list[dict[str, Any]]) -> str:
    token = original(stream, log_events)
    group = stream.log_group
    subscriptions = subscriptions_of(logs_backends[group.account_id][group.region], group)
    if subscriptions and log_events:
        events = stream.events[-len(log_events) :]
        accepted = worker.Accepted(subscriptions, group.name, stream.log_stream_name, events)
        worker.accept(accepted)
    return str(token)


@_FILTER.around(LogStream, "_send_log_events")
def _leave_to_worker(original: Any, stream: LogStream, **given: Any) -> None:
    if not destinations.is_served(given["destination_arn"]):
        original(stream, **given)
