"""Access logs in the format and to the log group that the stage was deployed with."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from harness.edge.table import CompileError
from harness.edge.templates import Template

if TYPE_CHECKING:
    from harness.edge.exchange import Exchange
    from harness.runtime.logs import LogShipper


class AccessLog:
    """Writes one line a request.

    Args:
        destination: ARN of a CloudWatch log group.
        template: the deployed format; absent values become ``-`` as in API Gateway.

    Raises:
        CompileError: the destination isn't a log group.
    """

    def __init__(self, destination: str, template: str, shipper: LogShipper) -> None:
        _, separator, group = destination.partition(":log-group:")
        if not separator:
            raise CompileError(f"Access logs go to CloudWatch log groups only, not {destination}.")
        self._group = group.removesuffix(":*")
        self._stream = uuid4().hex
        self._template = Template(template, absent="-", where="access log format")
        self._shipper = shipper

    def write(self, exchange: Exchange) -> None:
        """Queue the line of an answered request."""
        self._shipper.put(
            self._group, self._stream, self._template.render(exchange), exchange.received_at
        )
