"""EC2: rules of security groups, network ACLs of subnets, and what goes with a deletion."""

from __future__ import annotations

import threading
from typing import Any

from moto.ec2.models.managed_prefixes import ManagedPrefixList, ManagedPrefixListBackend
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.models.network_acls import NetworkAclAssociation, NetworkAclBackend
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.models.subnets import Subnet, SubnetBackend
from moto.ec2.models.vpcs import VPC, VPCBackend
from moto.ec2.utils import random_network_acl_subnet_association_id

from harness.aws.supplement.registry import mend

_DESCRIPTION = mend(
    "ec2:AuthorizeSecurityGroupIngress",
    reason="forgets the description of a rule that names a group or a prefix list",
    observed="second plan of aws_vpc_security_group_ingress_rule wanted to describe it again",
)
_CHANGE = mend(
    "ec2:ModifySecurityGroupRules",
    reason="changes the ports of a rule, but not the group or prefix list that it names",
    observed="second plan of aws_vpc_security_group_egress_rule after changing the group",
)
_ASSOCIATION = mend(
    "ec2:ReplaceNetworkAclAssociation",
    reason="fails while another network ACL is made or given to a subnet (500)",
    observed="apply of four aws_network_acl beside each other, tried again by the provider",
)

_ENDPOINT = mend(
    "ec2:DeleteVpcEndpoints",
    reason="keeps a deleted endpoint for ever, in the state deleted",
    observed="leftovers of aws_vpc_endpoint after the destroy",
)

_PREFIX_LIST = mend(
    "ec2:DeleteManagedPrefixList",
    reason="keeps a deleted list for ever, in the state delete-complete",
    observed="leftovers of aws_ec2_managed_prefix_list after the destroy",
)
_NAT_GATEWAY = mend(
    "ec2:DeleteNatGateway",
    reason="leaves the gateway's network interface",
    observed="leftovers of aws_nat_gateway after the destroy",
)
_SUBNET = mend(
    "ec2:DeleteSubnet",
    reason="leaves the subnet in the associations of its network ACL",
    observed="second plan of aws_default_network_acl after some subnets were destroyed",
)
_VPC = mend(
    "ec2:DeleteVpc",
    reason="leaves the default network ACL",
    observed="leftovers of aws_vpc after the destroy",
)

_replacing = threading.Lock()


@_DESCRIPTION.around(SecurityGroupRule, "__init__")
def _init(
    original: Any,
    rule: SecurityGroupRule,
    ec2_backend: Any,
    ip_protocol: str,
    group_id: str,
    from_port: str | None,
    to_port: str | None,
    ip_range: dict[str, str] | None,
    source_group: dict[str, str] | None = None,
    prefix_list_id: dict[str, str] | None = None,
    **options: Any,
) -> None:
    peers = (ip_range, source_group, prefix_list_id)
    original(rule, ec2_backend, ip_protocol, group_id, from_port, to_port, *peers, **options)
    description = (source_group or prefix_list_id or {}).get("Description")
    if description:
        rule.ip_range["Description"] = description  # where moto itself puts a changed one


@_CHANGE.around(SecurityGroupBackend, "modify_security_group_rules")
def _modify_security_group_rules(
    original: Any, backend: SecurityGroupBackend, group_id: str, rules: dict[str, dict[str, Any]]
) -> None:
    original(backend, group_id, rules)
    group: Any = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, wanted in rules.items():
        rule = group.get_rule(rule_id)
        if "ReferencedGroupId" in wanted:
            rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}
        if "PrefixListId" in wanted:
            rule.prefix_list_id = wanted["PrefixListId"]


@_ASSOCIATION.instead(NetworkAclBackend, "replace_network_acl_association")
def _replace_network_acl_association(
    self: NetworkAclBackend, association_id: str, network_acl_id: str
) -> NetworkAclAssociation:
    new_id = random_network_acl_subnet_association_id()
    with _replacing:
        acls = list(self.network_acls.values())
        before = next(acl for acl in acls if association_id in acl._associations)
        subnet_id = before._associations.pop(association_id).subnet_id
        association = NetworkAclAssociation(self, new_id, subnet_id, network_acl_id)
        self.get_network_acl(network_acl_id)._associations[new_id] = association
    return association


@_ENDPOINT.around(VPCBackend, "delete_vpc_endpoints")
def _delete_vpc_endpoints(
    original: Any, backend: VPCBackend, vpce_ids: list[str] | None = None
) -> None:
    original(backend, vpce_ids)
    for endpoint_id in vpce_ids or ():
        backend.vpc_end_points.pop(endpoint_id, None)


@_PREFIX_LIST.around(ManagedPrefixListBackend, "delete_managed_prefix_list")
def _delete_managed_prefix_list(
    original: Any, backend: ManagedPrefixListBackend, prefix_list_id: str
) -> ManagedPrefixList:
    deleted: ManagedPrefixList = original(backend, prefix_list_id)
    del backend.managed_prefix_lists[prefix_list_id]
    return deleted


@_NAT_GATEWAY.around(NatGatewayBackend, "delete_nat_gateway")
def _delete_nat_gateway(original: Any, backend: Any, nat_gateway_id: str) -> NatGateway:
    gateway: NatGateway = original(backend, nat_gateway_id)
    backend.enis.pop(gateway._eni.id, None)
    return gateway


@_SUBNET.around(SubnetBackend, "delete_subnet")
def _delete_subnet(original: Any, backend: Any, subnet_id: str) -> Subnet:
    deleted: Subnet = original(backend, subnet_id)
    with _replacing:
        for acl in list(backend.network_acls.values()):
            for association in list(acl._associations.values()):
                if association.subnet_id == subnet_id:
                    acl._associations.pop(association.id, None)
    return deleted


@_VPC.around(VPCBackend, "delete_vpc")
def _delete_vpc(original: Any, backend: Any, vpc_id: str) -> VPC:
    deleted: VPC = original(backend, vpc_id)
    for acl in list(backend.network_acls.values()):
        if acl.default and acl.vpc_id == vpc_id:
            backend.network_acls.pop(acl.id, None)
    return deleted
