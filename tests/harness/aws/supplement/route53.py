"""Route 53: a zone that is made for a VPC is private, and a zone leaves nothing behind."""

from __future__ import annotations

from typing import Any

from moto.route53.models import Route53Backend
from moto.route53.responses import Route53

from harness.aws.supplement.registry import mend

_PRIVATE = mend(
    "route53:CreateHostedZone",
    reason="makes a zone with a VPC a public one unless HostedZoneConfig says so too",
    observed="second plan of aws_route53_zone wanted its vpc again",
)
_NAME_SERVERS = mend(
    "route53:ListReusableDelegationSets",
    reason="lists the name servers of each zone as a reusable set, and keeps them without it",
    observed="delegation sets were left behind by a destroy",
)
_TAGS = mend(
    "route53:DeleteHostedZone",
    reason="keeps the zone's tags",
    observed="tags were left behind by a destroy",
)


@_NAME_SERVERS.around(Route53Backend, "create_hosted_zone")
def _create_hosted_zone_with_own_name_servers(
    original: Any, backend: Route53Backend, *args: Any, **options: Any
) -> Any:
    reusable = dict(backend.delegation_sets)
    zone = original(backend, *args, **options)
    backend.delegation_sets = reusable
    return zone


@_TAGS.around(Route53Backend, "delete_hosted_zone")
def _delete_hosted_zone(original: Any, backend: Route53Backend, id_: str) -> Any:
    zone = original(backend, id_)
    backend.resource_tags.pop(id_.removeprefix("/hostedzone/"), None)
    return zone


@_PRIVATE.around(Route53, "create_hosted_zone")
def _create_hosted_zone(original: Any, response: Route53) -> Any:
    read = response._get_bool_param

    def with_vpc(name: str, if_none: bool | None = None) -> bool | None:
        if name == "HostedZoneConfig.PrivateZone" and response._get_param("VPC.VPCId"):
            return True
        return read(name, if_none)

    vars(response)["_get_bool_param"] = with_vpc
    return original(response)
