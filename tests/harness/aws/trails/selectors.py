"""Which calls a trail logs.

Source: "Logging management events" and "Logging data events" in the CloudTrail guide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DEFAULT_SELECTOR: dict[str, Any] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}

_READS = re.compile(r"(Get|List|Describe|Head|Lookup|Query|Scan|BatchGet|TransactGet|AssumeRole)")
_S3_OBJECTS = re.compile(
    r"(Get|Put|Head|Delete|Copy|Restore)Objects?(?!LockConfiguration)"
    r"|.*MultipartUpload|UploadPart.*|ListParts|SelectObjectContent"
)
_DYNAMODB_ITEMS = re.compile(
    r"(Batch)?(Get|Put|Update|Delete|Write|Execute)(Item|Statement|Transaction)"
    r"|Transact(Get|Write)Items|Query|Scan"
)
_DATA_EVENTS: dict[str, tuple[str, re.Pattern[str]]] = {
    "s3": ("AWS::S3::Object", _S3_OBJECTS),
    "dynamodb": ("AWS::DynamoDB::Table", _DYNAMODB_ITEMS),
    "lambda": ("AWS::Lambda::Function", re.compile("Invoke.*")),
    "sqs": ("AWS::SQS::Queue", re.compile("(Send|Receive|Delete)Message.*|ChangeMessage.*")),
    "sns": ("AWS::SNS::Topic", re.compile("Publish(Batch)?")),
    "events": ("AWS::Events::EventBus", re.compile("PutEvents")),
    "monitoring": ("AWS::CloudWatch::Metric", re.compile("PutMetricData|GetMetric.*")),
}
# What CloudTrail logs for nobody.
_UNLOGGED = re.compile(r"logs:(Put|Get)LogEvents|firehose:PutRecord.*|xray:Put.*")

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


def data_type(service: str, action: str) -> str | None:
    """Return what kind of resource a data event is about; None for a management event."""
    found = _DATA_EVENTS.get(service)
    return found[0] if found and found[1].fullmatch(action) else None


def is_read(action: str) -> bool:
    """Whether an action changes nothing."""
    return _READS.match(action) is not None


def is_logged(service: str, action: str) -> bool:
    """Whether CloudTrail has such events at all."""
    return bool(action) and not _UNLOGGED.fullmatch(f"{service}:{action}")


def selects(trail: Any, event: Mapping[str, Any], arn: str | None) -> bool:
    """Whether one of a trail's selectors selects an event.

    Args:
        trail: moto's trail.
        event: a record as CloudTrail writes it.
        arn: of the resource, for a data event.
    """
    if trail.advanced_event_selectors:
        fields = {
            "eventCategory": event["eventCategory"],
            "eventName": event["eventName"],
            "eventSource": event["eventSource"],
            "readOnly": str(event["readOnly"]).lower(),
            "resources.type": event.get("resources", [{}])[0].get("type", ""),
            "resources.ARN": arn or "",
            "userIdentity.arn": event["userIdentity"].get("arn", ""),
        }
        return any(
            all(_holds(each, fields) for each in selector["FieldSelectors"])
            for selector in trail.advanced_event_selectors
        )
    return any(
        _basic(selector, event, arn) for selector in trail.event_selectors or [DEFAULT_SELECTOR]
    )


def _holds(field: Mapping[str, Any], fields: Mapping[str, str]) -> bool:
    """Any of the wanted values will do; none of the unwanted may be there."""
    value = fields.get(field["Field"], "")
    return all(
        (not field.get(name) or _any(holds, value, field[name]))
        and not (field.get(f"Not{name}") and _any(holds, value, field[f"Not{name}"]))
        for name, holds in _OPERATORS.items()
    )


def _any(holds: Callable[[str, str], bool], value: str, wanted: Iterable[str]) -> bool:
    return any(holds(value, each) for each in wanted)


def _basic(selector: Mapping[str, Any], event: Mapping[str, Any], arn: str | None) -> bool:
    kind = selector.get("ReadWriteType") or "All"
    if kind != "All" and (kind == "ReadOnly") != event["readOnly"]:
        return False
    if event["eventCategory"] == "Management":
        excluded = selector.get("ExcludeManagementEventSources") or []
        return (
            selector.get("IncludeManagementEvents", True) and event["eventSource"] not in excluded
        )
    return any(
        resource["Type"] == event["resources"][0]["type"]
        and _any(str.startswith, arn or "", [each.removesuffix("/") for each in resource["Values"]])
        for resource in selector.get("DataResources") or []
    )
