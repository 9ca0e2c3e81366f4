"""The trace in which an invocation runs, as Lambda tells it, and the calls to others in it.

Lambda writes its own segment and takes subsegments by UDP: X-Ray's documents after a header line.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = "_X_AMZN_TRACE_ID"
_DAEMON = "AWS_XRAY_DAEMON_ADDRESS"
_DOCUMENT_HEADER = b'{"format":"json","version":1}\n'


def trace_id() -> str | None:
    """Give the id that API Gateway's log and every part of the request share."""
    return _fields().get("Root")


class RemoteCall:
    """A call to another service: the header to send along, and whether it came to nothing."""

    def __init__(self, header: str) -> None:
        self.header = header
        self.failed = False


@contextmanager
def remote_call(service: str) -> Iterator[RemoteCall]:
    """Trace a call to ``service``, if the invocation is: what it writes never fails the call."""
    fields, daemon = _fields(), os.environ.get(_DAEMON, "")
    if fields.get("Sampled") != "1" or not {"Root", "Parent"} <= fields.keys() or not daemon:
        yield RemoteCall(os.environ.get(_VARIABLE, ""))
        return
    own_id, started = secrets.token_hex(8), time.time()
    call = RemoteCall(f"Root={fields['Root']};Parent={own_id};Sampled=1")
    try:
        yield call
    finally:
        document = {
            "name": service,
            "id": own_id,
            "trace_id": fields["Root"],
            "parent_id": fields["Parent"],
            "type": "subsegment",
            "namespace": "remote",
            "start_time": started,
            "end_time": time.time(),
            "fault": call.failed,
        }
        _send(daemon, json.dumps(document).encode())


def _fields() -> dict[str, str]:
    parts = (part.partition("=") for part in os.environ.get(_VARIABLE, "").split(";"))
    return {name: value for name, separator, value in parts if separator}


def _send(daemon: str, document: bytes) -> None:
    host, _, port = daemon.rpartition(":")
    with contextlib.suppress(OSError, ValueError), socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.sendto(_DOCUMENT_HEADER + document, (host, int(port)))
