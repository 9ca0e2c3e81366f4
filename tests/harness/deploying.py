"""Deploys what private services need with boto3, in seconds: for tests that need no Terraform."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import boto3

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "*"}}
        ],
    }
)
HEALTH: Mapping[str, Any] = {
    "HealthCheckProtocol": "HTTP",
    "HealthCheckPath": "/health",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 2,
}


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer with one listener and its target group."""

    arn: str
    dns_name: str
    listener_arn: str
    group_arn: str


@dataclass
class PrivateNetwork:
    """A VPC with a subnet, and what is put into it."""

    session: boto3.Session
    clients: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ec2 = self.client("ec2")
        self.vpc: str = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.20.1.0/24")["Subnet"]
        self.subnet: str = subnet["SubnetId"]
        groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        self.security_group: str = groups["SecurityGroups"][0]["GroupId"]

    def client(self, service: str) -> Any:
        """A client, made once."""
        if service not in self.clients:
            self.clients[service] = self.session.client(service)  # type: ignore[call-overload] # any
        return self.clients[service]

    def balancer(
        self,
        name: str,
        *,
        domain: str | None = None,
        port: int | None = None,
        policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06",
        **group: Any,
    ) -> Balancer:
        """A network load balancer: TLS on 443 for a domain, TCP on 80 without one."""
        balancing = self.client("elbv2")
        created = balancing.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=[self.subnet]
        )["LoadBalancers"][0]
        group_arn = balancing.create_target_group(
            Name=name,
            Protocol="TCP",
            Port=8080,
            VpcId=self.vpc,
            **{"TargetType": "ip", **HEALTH, **group},
        )["TargetGroups"][0]["TargetGroupArn"]
        balancing.modify_target_group_attributes(
            TargetGroupArn=group_arn,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}],
        )
        secure: dict[str, Any] = {"Protocol": "TCP", "Port": port or 80}
        if domain:
            secure = {
                "Protocol": "TLS",
                "Port": port or 443,
                "SslPolicy": policy,
                "Certificates": [{"CertificateArn": self.certificate(domain)}],
            }
        listener = balancing.create_listener(
            LoadBalancerArn=created["LoadBalancerArn"],
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
            **secure,
        )["Listeners"][0]
        return Balancer(
            created["LoadBalancerArn"], created["DNSName"], listener["ListenerArn"], group_arn
        )

    def certificate(self, domain: str) -> str:
        """A certificate in ACM."""
        arn: str = self.client("acm").request_certificate(
            DomainName=domain, ValidationMethod="DNS"
        )["CertificateArn"]
        return arn

    def zone(self, name: str, records: Sequence[Mapping[str, Any]]) -> None:
        """A private zone with record sets."""
        route53 = self.client("route53")
        zone = route53.create_hosted_zone(
            Name=name,
            CallerReference=name,
            VPC={"VPCRegion": self.session.region_name, "VPCId": self.vpc},
            HostedZoneConfig={"PrivateZone": True},
        )["HostedZone"]["Id"]
        changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    @staticmethod
    def alias(name: str, balancer: Balancer) -> dict[str, Any]:
        """An alias record of a load balancer."""
        target = {
            "HostedZoneId": "Z2P70J7EXAMPLE",
            "DNSName": balancer.dns_name,
            "EvaluateTargetHealth": False,
        }
        return {"Name": name, "Type": "A", "AliasTarget": target}

    def vpc_link(self, balancer: Balancer) -> str:
        """A VPC link of a load balancer; returns its id."""
        link: str = self.client("apigateway").create_vpc_link(
            name="private", targetArns=[balancer.arn]
        )["id"]
        return link

    def register(self, balancer: Balancer, port: int) -> None:
        """Register a server of this machine as a target."""
        self.client("elbv2").register_targets(
            TargetGroupArn=balancer.group_arn, Targets=[{"Id": "127.0.0.1", "Port": port}]
        )

    def role(self, name: str) -> str:
        """A role that anyone may assume."""
        created = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        return str(created["Role"]["Arn"])

    def task_definition(self, family: str, container: Mapping[str, Any], **more: Any) -> str:
        """A Fargate task with one container on port 8080, named like the family."""
        registered = self.client("ecs").register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": family,
                    "image": "444444444444.dkr.ecr.eu-west-1.amazonaws.com/x@sha256:" + "0" * 64,
                    "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
                    **container,
                }
            ],
            **more,
        )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def service(
        self, name: str, definition: str, balancer: Balancer | None = None, *, count: int = 1
    ) -> str:
        """A service on the cluster ``services``, behind a load balancer or not."""
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName="services")
        behind: dict[str, Any] = {}
        if balancer:
            place = {
                "targetGroupArn": balancer.group_arn,
                "containerName": definition.rpartition("/")[2].partition(":")[0],
                "containerPort": 8080,
            }
            behind = {"loadBalancers": [place]}
        network = {"subnets": [self.subnet], "securityGroups": [], "assignPublicIp": "DISABLED"}
        created = ecs.create_service(
            cluster="services",
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
            **behind,
        )
        return str(created["service"]["serviceArn"])
