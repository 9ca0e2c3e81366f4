"""Elastic Load Balancing: network load balancers, and protection from deletion."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer
from moto.elbv2.responses import ELBV2Response

from harness.aws.supplement.registry import mend

_GROUPS = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
_KEPT_AS = "enforce_security_group_inbound_rules_on_private_link_traffic"

_NETWORK = mend(
    "elasticloadbalancing:CreateLoadBalancer",
    reason="gives a network load balancer the ARN of an application's",
    observed="the LoadBalancer dimension of alarms on aws_lb named another kind",
)
_PRIVATE_LINK = mend(
    "elasticloadbalancing:SetSecurityGroups",
    reason="doesn't know whether security groups hold for traffic from PrivateLink",
    observed="second plan of aws_lb wanted to turn it off again",
)
_LISTENER = mend(
    "elasticloadbalancing:ModifyListener",
    reason="refuses TLS, which a new listener may speak, and forgets its certificate",
    observed="apply of aws_lb_listener after its TLS policy had been changed",
)
_PROTECTION = mend(
    "elasticloadbalancing:DeleteLoadBalancer",
    reason="deletes what is protected from deletion",
    observed="destroy of aws_lb with enable_deletion_protection",
)


@_NETWORK.around(ELBv2Backend, "create_load_balancer")
def _create_load_balancer(
    original: Any, backend: ELBv2Backend, *args: Any, **options: Any
) -> FakeLoadBalancer:
    made: FakeLoadBalancer = original(backend, *args, **options)
    if made.type == "network":
        _move(backend, made, made.arn.replace(":loadbalancer/app/", ":loadbalancer/net/"))
    return made


def _move(backend: ELBv2Backend, made: FakeLoadBalancer, arn: str) -> None:
    """Have a load balancer stand under another ARN."""
    tags = backend.tagging_service.list_tags_for_resource(made.arn)["Tags"]
    backend.tagging_service.delete_all_tags_for_resource(made.arn)
    backend.load_balancers[arn] = backend.load_balancers.pop(made.arn)
    backend.tagging_service.tag_resource(arn, tags)
    made.arn = arn


@_PRIVATE_LINK.around(ELBV2Response, "create_load_balancer")
def _create_with_groups(original: Any, response: ELBV2Response) -> Any:
    answer = original(response)
    (made,) = answer.result["LoadBalancers"]
    if made.type == "network" and made.security_groups:
        setattr(made, _KEPT_AS, "on")
    return answer


@_PRIVATE_LINK.around(ELBV2Response, "set_security_groups")
def _set_security_groups(original: Any, response: ELBV2Response) -> Any:
    answer = original(response)
    given = response._get_param(_GROUPS)
    if given:
        arn = response._get_param("LoadBalancerArn")
        setattr(response.elbv2_backend.load_balancers[arn], _KEPT_AS, given)
        answer.result[_GROUPS] = given
    return answer


@_PROTECTION.around(ELBv2Backend, "delete_load_balancer")
def _delete_load_balancer(original: Any, backend: ELBv2Backend, arn: str) -> None:
    found = backend.load_balancers.get(arn)
    if found and found.attrs["deletion_protection.enabled"] == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    original(backend, arn)


@_LISTENER.around(ELBv2Backend, "modify_listener")
def _modify_listener(
    original: Any,
    backend: ELBv2Backend,
    arn: str,
    port: str | None = None,
    protocol: str | None = None,
    ssl_policy: str | None = None,
    certificates: list[dict[str, Any]] | None = None,
    actions: list[dict[str, Any]] | None = None,
) -> FakeListener:
    passed = None if protocol == "TLS" else protocol
    listener: FakeListener = original(
        backend, arn, port, passed, ssl_policy, certificates or [], actions or []
    )
    listener.protocol = protocol or listener.protocol
    if listener.protocol == "TLS" and certificates:
        listener.certificates = [given["CertificateArn"] for given in certificates]
        listener.certificate = listener.certificates[0]
    return listener
