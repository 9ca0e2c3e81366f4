"""Route 53: a zone that is made for a VPC is private."""

from __future__ import annotations

from typing import Any

from moto.route53.responses import Route53

from harness.aws.supplement.registry import mend

_PRIVATE = mend(
    "route53:CreateHostedZone",
    reason="makes a zone with a VPC a public one unless HostedZoneConfig says so too",
    observed="second plan of aws_route53_zone wanted its vpc again",
)


@_PRIVATE.around(Route53, "create_hosted_zone")
def _create_hosted_zone(original: Any, response: Route53) -> Any:
    read = response._get_bool_param

    def with_vpc(name: str, if_none: bool | None = None) -> bool | None:
        if name == "HostedZoneConfig.PrivateZone" and response._get_param("VPC.VPCId"):
            return True
        return read(name, if_none)

    vars(response)["_get_bool_param"] = with_vpc
    return original(response)
