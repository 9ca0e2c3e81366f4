"""What bootstrap makes before an environment is planned, and the environment finds by its name."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.aws import EmbeddedAWS

ORGANIZATION = Path(__file__).resolve().parents[2] / "environments" / "organization.json"


@contextmanager
def public_zone(aws: EmbeddedAWS, environment: str) -> Iterator[None]:
    """Keep the environment's public zone in its account for a while."""
    organization = json.loads(ORGANIZATION.read_text(encoding="utf-8"))
    route53 = aws.client("route53", organization["accounts"][environment])
    name = f"{environment}.{organization['domain']}"
    zone = route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]
    try:
        yield
    finally:
        route53.delete_hosted_zone(Id=zone["Id"])
