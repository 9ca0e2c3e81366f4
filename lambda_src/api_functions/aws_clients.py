"""Clients of the SDK as a function needs them: few retries, short waits, no checks of shapes."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.session import Session


def client(service: str) -> Any:
    """Make the client of an AWS service, from the function's environment."""
    from botocore.config import Config

    config = Config(
        connect_timeout=1,
        read_timeout=2,
        retries={"mode": "standard", "total_max_attempts": 3},
        tcp_keepalive=True,
        # Everything sent is built here, and checking its shape costs a third of a call.
        parameter_validation=False,
    )
    return _session().create_client(
        service, region_name=os.environ.get("AWS_REGION"), config=config
    )


@cache
def _session() -> Session:
    # botocore alone: boto3 above it costs start time and adds nothing that is used here.
    import botocore.session

    return botocore.session.get_session()
