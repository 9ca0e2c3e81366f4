"""What is found in an applied folder, and by which keys."""

from __future__ import annotations

from typing import Any

import pytest

from harness.pytest_terraform import AppliedModule
from harness.terraform import SENSITIVE


def resource(kind: str, name: str, mode: str = "managed", **values: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "mode": mode, "values": values}


QUEUE = resource("aws_sqs_queue", "orders", id="q-1", tags={"data": "payments"}, policy=None)
STATE = {
    "values": {
        "root_module": {
            "resources": [
                resource("aws_region", "here", "data", id="read"),
                resource("aws_region", "here", id="managed"),
                QUEUE,
                resource("aws_sns_topic", "events", id="t-1"),
                resource("aws_iam_role", "twin", id="r-1"),
                resource("aws_iam_policy", "twin", id="p-1"),
            ],
            "child_modules": [
                {
                    "resources": [
                        resource("aws_sqs_queue", "orders", id="q-of-child"),
                        resource("aws_sqs_queue", "letters", id="q-2", delay_seconds=0),
                    ]
                }
            ],
        },
        "outputs": {"url": {"value": "https://queue", "type": "string", "sensitive": False}},
    }
}
MODULE = AppliedModule.from_state(STATE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws_sqs_queue.orders.id", "q-1"),
        ("aws_sqs_queue.orders.tags.data", "payments"),
        ("aws_sqs_queue.letters.delay_seconds", 0),
        ("aws_sqs_queue.*.id | sort(@)", ["q-1", "q-2"]),
        ("orders.tags", {"data": "payments"}),
        ("letters", {"id": "q-2", "delay_seconds": 0}),
        ("events", "t-1"),
        ("aws_region.here.id", "managed"),
    ],
)
def test_keys(key: str, value: Any) -> None:
    assert MODULE[key] == value
    assert MODULE.get(key) == value


@pytest.mark.parametrize("key", ["aws_sqs_queue.orders.policy", "aws_sqs_queue.gone.id", "gone"])
def test_what_is_not_there_or_null_has_a_default(key: str) -> None:
    assert MODULE.get(key) is None
    assert MODULE.get(key, "default") == "default"
    with pytest.raises(KeyError, match=r"the resources are: .*aws_sqs_queue\.orders"):
        MODULE[key]


def test_name_of_two_types_is_refused() -> None:
    with pytest.raises(ValueError, match=r"several types.*put the type before the name"):
        MODULE["twin"]
    assert MODULE["aws_iam_role.twin.id"] == "r-1"


def test_masking_follows_the_marks() -> None:
    secret = QUEUE | {"sensitive_values": {"tags": {"data": True}}}
    outputs = {"token": {"value": "t-1", "type": "string", "sensitive": True}}
    state = {"values": {"root_module": {"resources": [secret]}, "outputs": outputs}}
    masked = AppliedModule.from_state(state, masked=True)
    assert masked["aws_sqs_queue.orders.tags.data"] == SENSITIVE
    assert masked["aws_sqs_queue.orders.id"] == "q-1"
    assert masked.outputs["token"] == {"value": SENSITIVE, "type": "string", "sensitive": True}
    assert AppliedModule.from_state(state).outputs["token"]["value"] == "t-1"


def test_empty_state_has_nothing() -> None:
    empty = AppliedModule.from_state({"format_version": "1.0"})
    assert (empty.resources, empty.outputs, empty.terraform, empty.work_dir) == ({}, {}, None, None)
