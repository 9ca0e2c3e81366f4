"""EC2 through boto3, where moto alone fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "444444444444"
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


@pytest.fixture
def ec2(client: Callable[[str], Any]) -> Any:
    return client("ec2")


@pytest.fixture
def groups(ec2: Any) -> list[str]:
    """Two groups of one VPC."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("functions", "endpoints")
    ]


def rules_of(ec2: Any, group: str) -> dict[str, Any]:
    """Read the rules of a group by what they are described as."""
    filters = [{"Name": "group-id", "Values": [group]}]
    found = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
    return {rule.get("Description", ""): rule for rule in found}


def prefix_list(ec2: Any, name: str) -> str:
    made = ec2.create_managed_prefix_list(PrefixListName=name, MaxEntries=1, AddressFamily="IPv4")
    return str(made["PrefixList"]["PrefixListId"])


@pytest.mark.mends("ec2:AuthorizeSecurityGroupIngress")
def test_a_rule_keeps_its_description_whatever_it_names(ec2: Any, groups: list[str]) -> None:
    functions, endpoints = groups
    acquirer = prefix_list(ec2, "acquirer")
    pairs = [{"GroupId": functions, "Description": "from functions"}]
    lists = [{"PrefixListId": acquirer, "Description": "to the acquirer"}]
    ec2.authorize_security_group_ingress(
        GroupId=endpoints, IpPermissions=[{**HTTPS, "UserIdGroupPairs": pairs}]
    )
    ec2.authorize_security_group_egress(
        GroupId=endpoints, IpPermissions=[{**HTTPS, "PrefixListIds": lists}]
    )
    rules = rules_of(ec2, endpoints)
    assert rules["from functions"]["ReferencedGroupInfo"]["GroupId"] == functions
    assert rules["to the acquirer"]["PrefixListId"] == acquirer


@pytest.mark.mends("ec2:ModifySecurityGroupRules")
def test_a_rule_can_come_to_name_another_group_or_prefix_list(ec2: Any, groups: list[str]) -> None:
    functions, endpoints = groups
    first, second = (prefix_list(ec2, name) for name in ("first", "second"))
    made = ec2.authorize_security_group_egress(
        GroupId=functions,
        IpPermissions=[
            {**HTTPS, "UserIdGroupPairs": [{"GroupId": functions}]},
            {**HTTPS, "PrefixListIds": [{"PrefixListId": first}]},
        ],
    )
    assert made["Return"]
    rules = ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [functions]}]
    )["SecurityGroupRules"]
    for rule in rules:
        change: dict[str, Any] = {}
        if "ReferencedGroupInfo" in rule:
            change = {"ReferencedGroupId": endpoints}
        elif "PrefixListId" in rule:
            change = {"PrefixListId": second}
        else:
            continue
        ec2.modify_security_group_rules(
            GroupId=functions,
            SecurityGroupRules=[
                {
                    "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
                    "SecurityGroupRule": {**HTTPS, **change, "Description": next(iter(change))},
                }
            ],
        )
    changed = rules_of(ec2, functions)
    assert changed["ReferencedGroupId"]["ReferencedGroupInfo"]["GroupId"] == endpoints
    assert changed["PrefixListId"]["PrefixListId"] == second


@pytest.mark.mends("ec2:ReplaceNetworkAclAssociation")
def test_subnets_get_their_network_acls_while_others_are_made(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    own = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (at_first,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    (association,) = [a for a in at_first["Associations"] if a["SubnetId"] == subnet]

    backend = ec2_backends[ACCOUNT]["eu-west-1"]

    class Busy(dict[str, Any]):
        def keys(self) -> Any:
            backend.create_network_acl(vpc)
            return super().keys()

    for acl in backend.network_acls.values():
        acl._associations = Busy(acl._associations)
    ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=own
    )
    (now,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    assert now["NetworkAclId"] == own


@pytest.mark.mends("ec2:DeleteVpcEndpoints")
def test_a_deleted_endpoint_is_gone(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc, VpcEndpointType="Gateway", ServiceName="com.amazonaws.eu-west-1.s3"
    )
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    with pytest.raises(ClientError, match="NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])


@pytest.mark.mends("ec2:DeleteManagedPrefixList")
def test_a_deleted_prefix_list_is_gone(ec2: Any) -> None:
    acquirer = prefix_list(ec2, "acquirer")
    ec2.delete_managed_prefix_list(PrefixListId=acquirer)
    filters = [{"Name": "prefix-list-name", "Values": ["acquirer"]}]
    assert ec2.describe_managed_prefix_lists(Filters=filters)["PrefixLists"] == []


@pytest.mark.mends("ec2:DeleteNatGateway")
def test_a_nat_gateway_takes_its_network_interface_along(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]
    filters = [{"Name": "subnet-id", "Values": [subnet]}]
    assert len(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == 1
    ec2.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    assert ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"] == []


@pytest.mark.mends("ec2:DeleteVpc")
def test_a_vpc_takes_its_default_network_acl_along(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    assert len(ec2.describe_network_acls(Filters=filters)["NetworkAcls"]) == 1
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_network_acls(Filters=filters)["NetworkAcls"] == []


@pytest.mark.mends("ec2:DeleteSubnet")
def test_a_network_acl_forgets_a_deleted_subnet(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    (acl,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    assert [association["SubnetId"] for association in acl["Associations"]] == [subnet]
    ec2.delete_subnet(SubnetId=subnet)
    (acl,) = ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
    assert acl["Associations"] == []
