"""ECS, load balancers and their scaling through boto3, where moto alone fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

SERVICE = "service/payments/fraud"
SETTINGS: dict[str, Any] = {
    "availabilityZoneRebalancing": "ENABLED",
    "deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "alarms": {"alarmNames": ["unhealthy"], "enable": True, "rollback": True},
    },
    "enableECSManagedTags": True,
    "enableExecuteCommand": False,
    "healthCheckGracePeriodSeconds": 30,
}


# Made by the tests themselves: what a fixture makes is mended in either of a test's runs.
def make_service(client: Clients) -> dict[str, Any]:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="payments")
    container = {"name": "service", "image": "fraud", "memory": 512}
    ecs.register_task_definition(family="fraud", containerDefinitions=[container])
    made: dict[str, Any] = ecs.create_service(
        cluster="payments", serviceName="fraud", taskDefinition="fraud", desiredCount=2, **SETTINGS
    )["service"]
    return made


def make_load_balancer(client: Clients) -> dict[str, Any]:
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="nlb", Description="nlb", VpcId=subnet["VpcId"])
    (made,) = client("elbv2").create_load_balancer(
        Name="fraud",
        Type="network",
        Scheme="internal",
        Subnets=[subnet["SubnetId"]],
        SecurityGroups=[group["GroupId"]],
        Tags=[{"Key": "service", "Value": "fraud"}],
    )["LoadBalancers"]
    found: dict[str, Any] = made
    return found


@pytest.mark.mends("ecs:CreateService")
def test_a_service_keeps_what_it_was_made_with(client: Clients) -> None:
    service, ecs = make_service(client), client("ecs")
    (found,) = ecs.describe_services(cluster="payments", services=["fraud"])["services"]
    assert {name: found.get(name) for name in SETTINGS} == SETTINGS
    assert {name: service.get(name) for name in SETTINGS} == SETTINGS
    ecs.update_service(cluster="payments", service="fraud", healthCheckGracePeriodSeconds=60)
    (changed,) = ecs.describe_services(cluster="payments", services=["fraud"])["services"]
    assert changed["healthCheckGracePeriodSeconds"] == 60
    assert changed["deploymentConfiguration"] == SETTINGS["deploymentConfiguration"]


@pytest.mark.mends("ecs:UpdateService")
def test_other_percentages_leave_the_circuit_breaker_on(client: Clients) -> None:
    make_service(client)
    changed = client("ecs").update_service(
        cluster="payments",
        service="fraud",
        deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 100},
    )["service"]
    wanted = {**SETTINGS["deploymentConfiguration"], "maximumPercent": 150}
    assert changed["deploymentConfiguration"] == wanted


@pytest.mark.mends("applicationautoscaling:ListTagsForResource")
def test_a_scalable_target_has_tags(client: Clients) -> None:
    make_service(client)
    scaling = client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": SERVICE,
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    bounds = {"MinCapacity": 2, "MaxCapacity": 4}
    arn = scaling.register_scalable_target(**target, **bounds, Tags={"team": "fraud"})[
        "ScalableTargetARN"
    ]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "fraud"}
    scaling.tag_resource(ResourceARN=arn, Tags={"stage": "dev"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "dev"}
    with pytest.raises(scaling.exceptions.ResourceNotFoundException):
        scaling.list_tags_for_resource(ResourceARN=arn[:-1])


@pytest.mark.mends("elasticloadbalancing:CreateLoadBalancer")
def test_a_network_load_balancer_is_named_as_one(client: Clients) -> None:
    load_balancer = make_load_balancer(client)
    arn = load_balancer["LoadBalancerArn"]
    assert ":loadbalancer/net/fraud/" in arn
    balancing = client("elbv2")
    (found,) = balancing.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    assert found["LoadBalancerName"] == "fraud"
    (described,) = balancing.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert described["Tags"] == [{"Key": "service", "Value": "fraud"}]


@pytest.mark.mends("elasticloadbalancing:SetSecurityGroups")
def test_groups_may_leave_private_link_alone(client: Clients) -> None:
    load_balancer = make_load_balancer(client)
    name = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
    assert load_balancer[name] == "on"
    arn = load_balancer["LoadBalancerArn"]
    balancing = client("elbv2")
    groups = {"LoadBalancerArn": arn, "SecurityGroups": load_balancer["SecurityGroups"]}
    assert balancing.set_security_groups(**groups, **{name: "off"})[name] == "off"
    balancing.set_security_groups(**groups)
    (found,) = balancing.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    assert found[name] == "off"


@pytest.mark.mends("elasticloadbalancing:ModifyListener")
def test_a_tls_listener_can_be_changed(client: Clients) -> None:
    load_balancer, balancing = make_load_balancer(client), client("elbv2")
    old, new = (
        client("acm").request_certificate(DomainName=f"{name}.example")["CertificateArn"]
        for name in ("old", "new")
    )
    group = balancing.create_target_group(
        Name="fraud", Protocol="TCP", Port=8080, TargetType="ip", VpcId=load_balancer["VpcId"]
    )["TargetGroups"][0]
    (listener,) = balancing.create_listener(
        LoadBalancerArn=load_balancer["LoadBalancerArn"],
        Protocol="TLS",
        Port=443,
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        Certificates=[{"CertificateArn": old}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )["Listeners"]
    arn, policy = listener["ListenerArn"], "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    certificates = [{"CertificateArn": new}]
    balancing.modify_listener(
        ListenerArn=arn, Protocol="TLS", SslPolicy=policy, Certificates=certificates
    )
    (found,) = balancing.describe_listeners(ListenerArns=[arn])["Listeners"]
    assert (found["Protocol"], found["SslPolicy"]) == ("TLS", policy)
    assert found["Certificates"] == certificates
    assert found["DefaultActions"] == listener["DefaultActions"]


@pytest.mark.mends("elasticloadbalancing:DeleteLoadBalancer")
def test_a_protected_load_balancer_is_not_deleted(client: Clients) -> None:
    load_balancer = make_load_balancer(client)
    balancing, arn = client("elbv2"), load_balancer["LoadBalancerArn"]
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    balancing.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[protection])
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        balancing.delete_load_balancer(LoadBalancerArn=arn)
    balancing.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{**protection, "Value": "false"}]
    )
    balancing.delete_load_balancer(LoadBalancerArn=arn)
    assert balancing.describe_load_balancers()["LoadBalancers"] == []
