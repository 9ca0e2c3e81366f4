"""What is placed in a VPC: which groups it carries, which subnets it is in, whether it stores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_dss.subject import Subject, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from terraform_plan.references import Path


@dataclass(frozen=True)
class _Place:
    groups: Path = ()
    subnets: Path = ()
    stores: bool = False


_IDS = ("vpc_security_group_ids",)
_OF_SUBNET_GROUP = _Place(subnets=("subnet_ids",), stores=True)
_OF_CLUSTER = _Place(groups=_IDS, stores=True)
_OF_CACHE = _Place(groups=("security_group_ids",), stores=True)
_OF_CLASSIC = _Place(("security_groups",), ("subnets",))
_PLACES: Mapping[str, _Place] = {
    "aws_alb": _OF_CLASSIC,
    "aws_apigatewayv2_vpc_link": _Place(("security_group_ids",), ("subnet_ids",)),
    "aws_autoscaling_group": _Place(subnets=("vpc_zone_identifier",)),
    "aws_codebuild_project": _Place(
        ("vpc_config", 0, "security_group_ids"), ("vpc_config", 0, "subnets")
    ),
    "aws_dax_cluster": _OF_CACHE,
    "aws_dax_subnet_group": _OF_SUBNET_GROUP,
    "aws_db_instance": _OF_CLUSTER,
    "aws_db_subnet_group": _OF_SUBNET_GROUP,
    "aws_docdb_cluster": _OF_CLUSTER,
    "aws_docdb_subnet_group": _OF_SUBNET_GROUP,
    "aws_ecs_service": _Place(
        ("network_configuration", 0, "security_groups"), ("network_configuration", 0, "subnets")
    ),
    "aws_efs_mount_target": _Place(("security_groups",), ("subnet_id",), stores=True),
    "aws_eks_cluster": _Place(
        ("vpc_config", 0, "security_group_ids"), ("vpc_config", 0, "subnet_ids")
    ),
    "aws_eks_node_group": _Place(subnets=("subnet_ids",)),
    "aws_elasticache_cluster": _OF_CACHE,
    "aws_elasticache_replication_group": _OF_CACHE,
    "aws_elasticache_subnet_group": _OF_SUBNET_GROUP,
    "aws_elb": _OF_CLASSIC,
    "aws_instance": _Place(_IDS, ("subnet_id",)),
    "aws_lambda_function": _Place(
        ("vpc_config", 0, "security_group_ids"), ("vpc_config", 0, "subnet_ids")
    ),
    "aws_launch_template": _Place(groups=_IDS),
    "aws_lb": _OF_CLASSIC,
    "aws_memorydb_cluster": _OF_CACHE,
    "aws_memorydb_subnet_group": _OF_SUBNET_GROUP,
    "aws_msk_cluster": _Place(
        ("broker_node_group_info", 0, "security_groups"),
        ("broker_node_group_info", 0, "client_subnets"),
        stores=True,
    ),
    "aws_nat_gateway": _Place(subnets=("subnet_id",)),
    "aws_neptune_cluster": _OF_CLUSTER,
    "aws_neptune_subnet_group": _OF_SUBNET_GROUP,
    "aws_network_interface": _Place(("security_groups",), ("subnet_id",)),
    "aws_opensearch_domain": _Place(
        ("vpc_options", 0, "security_group_ids"), ("vpc_options", 0, "subnet_ids"), stores=True
    ),
    "aws_rds_cluster": _OF_CLUSTER,
    "aws_redshift_cluster": _OF_CLUSTER,
    "aws_redshift_subnet_group": _OF_SUBNET_GROUP,
    "aws_vpc_endpoint": _Place(("security_group_ids",), ("subnet_ids",)),
}
_LOAD_BALANCERS = ("aws_alb", "aws_elb", "aws_lb")


def carriers(group: Subject) -> Iterator[Subject]:
    """Yield what carries a security group.

    Raises:
        UndecidedError: after the others, if of one the configuration doesn't tell.
    """
    return together(
        group.naming(kind, *place.groups) for kind, place in _PLACES.items() if place.groups
    )


def occupants(subnet: Subject) -> Iterator[Subject]:
    """Yield what is placed in a subnet.

    Raises:
        UndecidedError: after the others, if of one the configuration doesn't tell.
    """
    return together(
        subnet.naming(kind, *place.subnets) for kind, place in _PLACES.items() if place.subnets
    )


def stores(occupant: Subject) -> bool:
    """Whether it keeps data, or is the subnets of something that does."""
    return _PLACES[occupant.type].stores


def is_edge(occupant: Subject) -> bool:
    """Whether the internet is meant to reach it: a load balancer that isn't internal.

    Raises:
        UndecidedError: the configuration doesn't tell.
    """
    if occupant.type not in _LOAD_BALANCERS:
        return False
    if not occupant.known("internal") and not occupant.configures("internal"):
        return True  # AWS's choice where nothing is said
    return not occupant.get("internal", default=False)
