"""Which nodes reach the cardholder data environment, from inside and outside its networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.evidence_graphs.checks import Check, Findings
from harness.evidence_graphs.estate import CDE, IN_SCOPE
from harness.reachability import PLACES, Network, Traffic, UnresolvedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.evidence_graphs.estate import Root
    from harness.reachability import Member
    from pci_dss.evidence.model import Row
    from terraform_plan.references import Instance

SEGMENTATION = Check(
    "GRAPH_SEGMENTATION",
    "Nothing out of scope reaches a node of the CDE",
    ("1.3.1",),
    "Let rules of the node's group name the groups that call it; tag what belongs to the CDE, or"
    " serves it, with scope = pci-cde or pci-connected.",
)
UNTRUSTED = Check(
    "GRAPH_UNTRUSTED_NETWORKS",
    "Nothing outside the network reaches a node of the CDE but its edge, on 443",
    ("1.4.2", "1.4.4"),
    "Take away the route in, or the rule that names networks outside.",
)
EGRESS = Check(
    "GRAPH_EGRESS",
    "A node of the CDE reaches named networks only",
    ("1.3.2",),
    "Name the networks that are called, in the routes or the egress rules.",
)
CHECKS = (SEGMENTATION, UNTRUSTED, EGRESS)

_ON_PRIVATE_LINK = "enforce_security_group_inbound_rules_on_private_link_traffic"
_WIDEST_PREFIX = 8
"""What is wider than all of one company's addresses names nobody."""
_GROUPS = ("security_groups", "security_group_ids", "vpc_security_group_ids")
_READ = ("aws_default_security_group", "aws_security_group", "aws_security_group_rule")


def segmentation(root: Root) -> Iterator[Row]:
    """Yield rows for every node of the CDE, and for what can't be told."""
    for vpc in root.resources.of("aws_vpc"):
        try:
            network = Network.read(root.document, vpc.address)
            yield from _of_network(root, vpc, network)
        except (UnresolvedError, ValueError) as error:
            yield from _undecided(root, vpc.address, str(error))
    for item in root.resources.all.values():
        yield from _not_followed(root, item)


def _not_followed(root: Root, item: Instance) -> Iterator[Row]:
    """Yield rows for what is placed where no rule of a group holds, or none is understood."""
    is_placed = _carries_groups(item.values) or _carries_groups(item.unknown)
    if item.type == "aws_lambda_function" and not is_placed and root.scope(item) == CDE:
        wrong = ["it runs outside a VPC, where nothing restricts what it calls"]
        yield from EGRESS.rows(root, item.address, Findings(wrong))
    elif is_placed and item.type not in (*PLACES, *_READ):
        reason = f"the analysis doesn't know what an {item.type} reaches"
        yield from _undecided(root, item.address, reason)


def _of_network(root: Root, vpc: Instance, network: Network) -> Iterator[Row]:
    members = network.members.values()
    nodes = [each for each in members if root.scope(root.resources.all[each.name]) == CDE]
    if not nodes:
        yield from _undecided(root, vpc.address, f"nothing in it is tagged scope = {CDE}")
    for node in nodes:
        yield from SEGMENTATION.rows(root, node.name, _reached(root, network, node))
        yield from UNTRUSTED.rows(root, node.name, _reached_from_outside(root, network, node))
        yield from EGRESS.rows(root, node.name, _reaches(network, node))


def _reached(root: Root, network: Network, node: Member) -> Findings:
    found, reached_by = Findings(), {}
    offered = _offered_to_all(root.resources.all[node.name])
    for other in (*network.members.values(), network.unassigned(tuple(network.subnets))):
        traffic = network.reach(other, node)
        if not traffic or other.name == node.name:
            continue
        reached_by[other.name] = str(traffic)
        item = root.resources.all.get(other.name)
        scope = root.scope(item) if item else ""
        if scope not in IN_SCOPE and (surplus := traffic - offered):
            whose = f"tagged scope = {scope}" if scope else "not tagged as in scope"
            path = _path(network, other, node, surplus)
            found.wrong.append(f"{other.name}, {whose}, reaches it on {surplus}: {path}")
    found.evaluated["reached by"] = reached_by | _linked(root, node)
    return found


def _linked(root: Root, node: Member) -> dict[str, str]:
    """Return API Gateway's links to a load balancer, which no rule of a group can name."""
    balancer = root.resources.all[node.name]
    if balancer.values.get(_ON_PRIVATE_LINK) != "off":
        return {}
    return {
        link.address: "by PrivateLink, past its groups"
        for link in root.resources.of("aws_api_gateway_vpc_link")
        if node.name in root.resources.named(link, ("target_arns",), "aws_lb")
    }


def _offered_to_all(item: Instance) -> Traffic:
    """Return what the edge is there for: anyone may ask it."""
    is_edge = item.type == "aws_lb" and item.values.get("internal") is not True
    return Traffic.tcp(443) if is_edge else Traffic.nothing()


def _path(network: Network, source: Member, target: Member, traffic: Traffic) -> str:
    protocol, ((port, _), *_) = traffic.ranges[0]
    return "; ".join(network.explain(source, target, port, protocol).steps)


def _reached_from_outside(root: Root, network: Network, node: Member) -> Findings:
    item = root.resources.all[node.name]
    reached = network.reach_from_outside(node)
    found = Findings(evaluated={"reached from outside": _shown(reached)})
    for place, traffic in reached.items():
        if surplus := traffic - _offered_to_all(item):
            found.wrong.append(f"it is reached from {place} on {surplus}")
    found.undecided += _offered(root, item)
    return found


def _offered(root: Root, balancer: Instance) -> Iterator[str]:
    """Say which endpoint services offer a load balancer to other networks."""
    for service in root.resources.of("aws_vpc_endpoint_service"):
        path = ("network_load_balancer_arns",)
        if balancer.address in root.resources.named(service, path, balancer.type):
            yield f"{service.address} offers it to whom it accepts, which isn't followed"


def _reaches(network: Network, node: Member) -> Findings:
    reached = network.reach_outside(node)
    found = Findings(evaluated={"reaches outside": _shown(reached)})
    for place, traffic in reached.items():
        if place.prefixlen < _WIDEST_PREFIX:
            found.wrong.append(f"it reaches {place} on {traffic}, which names nobody")
    return found


def _shown(reached: Mapping[Any, Traffic]) -> dict[str, str]:
    return {str(place): str(traffic) for place, traffic in reached.items()}


def _undecided(root: Root, address: str, reason: str) -> Iterator[Row]:
    for check in CHECKS:
        yield from check.rows(root, address, Findings(undecided=[reason]))


def _carries_groups(values: Any) -> bool:
    if isinstance(values, list):
        return any(map(_carries_groups, values))
    if not isinstance(values, dict):
        return False
    return any(
        bool(value) if name in _GROUPS else _carries_groups(value) for name, value in values.items()
    )
