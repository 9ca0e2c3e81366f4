"""modules/ecs-service: a released image on Fargate, its load balancer, scaling, roles, alarms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from harness.testing import applied_fixture, pci, rejects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.testing import AppliedRoot, Clients, PlannedRoot, Planner

MODULE = "modules/ecs-service"

FRAUD = "module.fraud_detection"
DASHBOARD = "module.merchant_dashboard"

DIGEST = f"sha256:{'a' * 64}"
REPOSITORY = {
    "arn": "arn:aws:ecr:eu-west-1:444444444444:repository/fraud",
    "url": "444444444444.dkr.ecr.eu-west-1.amazonaws.com/fraud",
}
CERTIFICATE = "arn:aws:acm:eu-west-1:444444444444:certificate/1"
SECRET = "arn:aws:secretsmanager:eu-west-1:444444444444:secret:model-AbCdEf"
KEY = "arn:aws:kms:eu-west-1:444444444444:key/1"
SHARED = {
    "arn": "arn:aws:elasticloadbalancing:eu-west-1:444444444444:loadbalancer/net/shared/1a",
    "dns_name": "shared-1a.elb.eu-west-1.amazonaws.com",
    "vpc_link_id": "link",
    "zone_id": "Z1",
}
NETWORK = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "task_security_group_ids": ["sg-tasks"],
    "load_balancer_security_group_ids": ["sg-nlb"],
}
CAPACITY = {"transactions_per_second": 300, "transactions_per_second_per_task": 100}
COMMAND = ["python", "-m", "fraud_detection"]
STATEMENT = {"actions": ["dynamodb:GetItem"], "resources": ["arn:aws:dynamodb:::table/a"]}
PEAK = {
    "begins": "cron(0/10 6-22 24-30 11 ? *)",
    "ends": "at(2026-12-01T00:00:00)",
    "timezone": "Europe/Berlin",
    "minimum_transactions_per_second": 300,
    "transactions_per_second": 950,
}
GOOD = {
    "name": "payments-dev-fraud-detection",
    "image": {"digest": DIGEST, "repository": REPOSITORY},
    "container": {"command": COMMAND},
    "capacity": CAPACITY,
    "network": NETWORK,
    "listener": {"certificate_arn": CERTIFICATE},
}


def container(**changes: Any) -> dict[str, Any]:
    return {"command": COMMAND, **changes}


def capacity(**changes: Any) -> dict[str, Any]:
    return {**CAPACITY, **changes}


def listener(**changes: Any) -> dict[str, Any]:
    return {"certificate_arn": CERTIFICATE, **changes}


def peak(**changes: Any) -> dict[str, Any]:
    return {"black-friday": {**PEAK, **changes}}


@dataclass(frozen=True)
class Refused:
    """One wrong value, the words of its refusal, and what else must change to get that far."""

    variable: str
    value: Any
    words: str
    besides: Mapping[str, Any] = field(default_factory=dict)


REFUSED = {
    "underscored_name": Refused("name", "payments_dev", "lower-case letters, digits and hyphens"),
    "tag": Refused("image", {"digest": "v1.2.3"}, "a tag can be moved to other code"),
    "tagged_repository": Refused(
        "image",
        {"digest": DIGEST, "repository": {**REPOSITORY, "url": f"{REPOSITORY['url']}:v1"}},
        "its URL without a tag or digest",
    ),
    "unknown_architecture": Refused("container", container(architecture="arm"), '"ARM64" or "X86'),
    "no_command": Refused("container", container(command=[]), "Give the command"),
    "odd_size": Refused("container", container(memory_mb=8192), "no task of that size"),
    "low_port": Refused("container", container(port=80), "a port of 1024 to 65535"),
    "slow_end": Refused("container", container(stop_timeout_seconds=600), "2 to 120 seconds"),
    "root": Refused("container", container(user="0:0"), "neither as 0"),
    "secret": Refused("environment", {"MODEL_API_KEY": "s3cr3t"}, "must hold the ARN of a secret"),
    "own_port": Refused("environment", {"PORT": "80"}, "Leave `PORT` to `container.port`"),
    "twice_set": Refused(
        "environment",
        {"MODEL": "a"},
        "no variable both here and in `secrets`",
        {"secrets": {"MODEL": {"arn": SECRET}}},
    ),
    "plain_secret": Refused("secrets", {"MODEL": {"arn": "s3cr3t"}}, "never by its value"),
    "spaced_statement": Refused("permissions", {"read items": STATEMENT}, "letters and digits"),
    "any_action": Refused(
        "permissions", {"All": {**STATEMENT, "actions": ["dynamodb:*"]}}, "every action in full"
    ),
    "any_resource": Refused(
        "permissions", {"All": {**STATEMENT, "resources": ["*"]}}, "Name the resources"
    ),
    "untested_task": Refused(
        "capacity", capacity(transactions_per_second_per_task=0), "one task was tested for"
    ),
    "much_at_least": Refused(
        "capacity", capacity(minimum_transactions_per_second=301), "over 0 and no more than"
    ),
    "capital_peak": Refused("peaks", {"Black Friday": PEAK}, "lower-case letters, digits and hyph"),
    "crontab": Refused("peaks", peak(begins="0 6 24 11 *"), "as Application Auto Scaling does"),
    "summer_time": Refused("peaks", peak(timezone="CEST+1"), "as the IANA database does"),
    "flat_peak": Refused("peaks", peak(transactions_per_second=1), "A peak's `minimum_trans"),
    "hot_tasks": Refused("scaling", {"cpu_percent": 95}, "20 to 80 percent of CPU"),
    "no_cooldown": Refused("scaling", {"scale_in_cooldown_seconds": -1}, "0 seconds or more"),
    "one_subnet": Refused("network", {**NETWORK, "subnet_ids": ["subnet-1"]}, "two subnets"),
    "open_load_balancer": Refused(
        "network", {**NETWORK, "load_balancer_security_group_ids": []}, "Name security groups"
    ),
    "shared_logs": Refused(
        "load_balancer",
        {"shared": SHARED, "access_logs": {"bucket": "logs"}},
        "are set where it is made",
    ),
    "no_certificate": Refused("listener", {"certificate_arn": "cert.pem"}, "certificate in ACM"),
    "no_port": Refused("listener", listener(port=0), "a TCP port of 1 to 65535"),
    "old_tls": Refused(
        "listener",
        listener(ssl_policy="ELBSecurityPolicy-TLS13-1-0-2021-06"),
        "TLS 1.3 and 1.2 with forward secrecy",
    ),
    "weak_ciphers": Refused(
        "listener",
        listener(ssl_policy="ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
        "ciphers without forward secrecy",
    ),
    "relative_path": Refused("health", {"path": "health"}, 'starts with "/"'),
    "rare_checks": Refused("health", {"interval_seconds": 900}, "every 5 to 300 seconds"),
    "one_check": Refused("health", {"healthy_count": 1}, "decides on 2 to 10 checks"),
    "long_grace": Refused("health", {"grace_seconds": 3600}, "0 to 600 seconds"),
    "long_draining": Refused(
        "health", {"deregistration_delay_seconds": 31}, "must live until they have"
    ),
    "no_tasks_meanwhile": Refused(
        "deployment", {"minimum_healthy_percent": 0}, "Keep 50 to 100 percent"
    ),
    "no_room": Refused(
        "deployment",
        {"maximum_percent": 150},
        "With 1 tasks these percentages leave no room",
        {"capacity": capacity(spare=False)},
    ),
    "short_logs": Refused("logs", {"retention_days": 30}, "three months at hand"),
}

# What an assessor asks for among them.
EVIDENCE = {
    "old_tls": pci("4.2.1"),
    "root": pci("2.2.6"),
    "secret": pci("8.6.2"),
    "short_logs": pci("10.5.1"),
    "tag": pci("6.5.1"),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=EVIDENCE.get(case, ())) for case in REFUSED]
)
def test_invalid_input_is_refused(plan: Planner, case: str) -> None:
    refused = REFUSED[case]
    with rejects(variable=refused.variable, match=re.escape(refused.words)):
        plan(MODULE, {**GOOD, **refused.besides, refused.variable: refused.value})


@pci("8.6.2")
def test_refused_secrets_are_not_repeated(plan: Planner) -> None:
    with rejects(variable="secrets", match="never by its value") as refused:
        plan(MODULE, {**GOOD, "secrets": {"MODEL": {"arn": "s3cr3t"}}})
    assert "s3cr3t" not in "".join(item.message for item in refused.matching)


@pytest.mark.parametrize(
    "policy",
    ["TLS13-1-2-2021-06", "TLS13-1-2-Res-2021-06", "TLS13-1-2-Res-PQ-2025-09"],
)
def test_policies_with_forward_secrecy_are_accepted(plan: Planner, policy: str) -> None:
    planned = plan(MODULE, GOOD, listener=listener(ssl_policy=f"ELBSecurityPolicy-{policy}"))
    planned.one("aws_lb_listener").expect(ssl_policy=f"ELBSecurityPolicy-{policy}")


@pytest.fixture
def planned(plan: Planner) -> PlannedRoot:
    """The plan of a service whose image is elsewhere."""
    return plan(MODULE, GOOD)


def container_of(planned: PlannedRoot) -> dict[str, Any]:
    (found,) = planned.one("aws_ecs_task_definition").json("container_definitions")
    definition: dict[str, Any] = found
    return definition


@pci("6.5.1")
def test_image_is_named_by_digest(planned: PlannedRoot) -> None:
    assert container_of(planned)["image"] == f"{REPOSITORY['url']}@{DIGEST}"
    planned.expect_counts(aws_ecr_repository=0)


@pci("2.2.6")
def test_container_is_hardened(planned: PlannedRoot) -> None:
    definition = container_of(planned)
    assert definition["readonlyRootFilesystem"] is True
    assert definition["user"] == "10001:10001"
    assert definition["linuxParameters"] == {
        "capabilities": {"drop": ["ALL"]},
        "initProcessEnabled": True,
    }
    assert not {"privileged", "ulimits", "mountPoints"} & set(definition)


def test_process_is_told_its_port_and_has_time_to_end(planned: PlannedRoot) -> None:
    definition = container_of(planned)
    assert definition["command"] == COMMAND
    assert definition["environment"] == [{"name": "PORT", "value": "8080"}]
    assert [mapping["containerPort"] for mapping in definition["portMappings"]] == [8080]
    assert definition["stopTimeout"] == 30
    planned.one("aws_lb_target_group").expect(port=8080, deregistration_delay="20")


@pci("8.6.2")
def test_secrets_are_references(plan: Planner) -> None:
    value = f"{SECRET}:weights::"
    planned = plan(MODULE, GOOD, secrets={"MODEL": {"arn": value, "kms_key_arn": KEY}})
    assert container_of(planned)["secrets"] == [{"name": "MODEL", "valueFrom": value}]
    read, decrypt = planned.one("aws_iam_role_policy.secrets").json("policy")["Statement"]
    assert (read["Resource"], decrypt["Resource"]) == ([SECRET], [KEY])


@pci("10.2.1", "10.5.1")
def test_output_is_logged_and_kept(planned: PlannedRoot) -> None:
    logging = container_of(planned)["logConfiguration"]
    assert logging["logDriver"] == "awslogs"
    assert logging["options"]["awslogs-group"] == "/aws/ecs/payments-dev-fraud-detection"
    for group in ("service", "insights"):
        planned.one(f"aws_cloudwatch_log_group.{group}").expect(retention_in_days=365)


@pci("1.4.4", "7.2.5")
def test_nothing_is_public_and_nobody_gets_a_shell(planned: PlannedRoot) -> None:
    planned.one("aws_ecs_service").expect(
        enable_execute_command=False,
        network_configuration=[
            {
                "assign_public_ip": False,
                "subnets": {"subnet-1", "subnet-2"},
                "security_groups": {"sg-tasks"},
            }
        ],
    )
    planned.one("aws_lb").expect(internal=True, security_groups={"sg-nlb"})


def test_service_is_fargate_of_a_known_version(planned: PlannedRoot) -> None:
    planned.one("aws_ecs_service").expect(
        launch_type="FARGATE", platform_version="1.4.0", availability_zone_rebalancing="ENABLED"
    )
    planned.one("aws_ecs_task_definition").expect(
        network_mode="awsvpc",
        requires_compatibilities={"FARGATE"},
        cpu="512",
        memory="1024",
        runtime_platform=[{"cpu_architecture": "ARM64", "operating_system_family": "LINUX"}],
    )


def test_failed_deployment_is_rolled_back(plan: Planner) -> None:
    planned = plan(MODULE, GOOD, deployment={"rollback_alarm_names": ["errors"]})
    planned.one("aws_ecs_service").expect(
        deployment_circuit_breaker=[{"enable": True, "rollback": True}],
        deployment_minimum_healthy_percent=100,
        deployment_maximum_percent=200,
        alarms=[
            {
                "enable": True,
                "rollback": True,
                "alarm_names": {"payments-dev-fraud-detection-unhealthy-targets", "errors"},
            }
        ],
    )


def test_load_balancer_trusts_api_gateway_and_is_protected(planned: PlannedRoot) -> None:
    planned.one("aws_lb").expect(
        load_balancer_type="network",
        enforce_security_group_inbound_rules_on_private_link_traffic="off",
        enable_cross_zone_load_balancing=True,
        enable_deletion_protection=True,
        access_logs=[],
    )
    planned.expect_counts(exhaustive=False, aws_api_gateway_vpc_link=1)


@pci("4.2.1")
def test_listener_speaks_strong_tls_only(planned: PlannedRoot) -> None:
    planned.one("aws_lb_listener").expect(
        protocol="TLS",
        port=443,
        certificate_arn=CERTIFICATE,
        ssl_policy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    )


def test_targets_are_addresses_whose_health_is_asked_over_http(planned: PlannedRoot) -> None:
    planned.one("aws_lb_target_group").expect(
        target_type="ip",
        protocol="TCP",
        preserve_client_ip="false",
        connection_termination=True,
        health_check=[
            {"protocol": "HTTP", "path": "/health", "port": "traffic-port", "matcher": "200"}
        ],
    )


def test_long_names_fit_load_balancers(plan: Planner) -> None:
    planned = plan(MODULE, {**GOOD, "name": "payments-production-merchant-dashboard"})
    other = plan(MODULE, {**GOOD, "name": "payments-production-merchant-portal"})
    names = {each.one("aws_lb")["name"] for each in (planned, other)}
    assert len(names) == 2
    groups = {each.one("aws_lb_target_group")["name"] for each in (planned, other)}
    assert max(map(len, names | groups)) <= 32


@pytest.mark.parametrize(
    ("demand", "tasks"),
    [
        pytest.param({}, (2, 4), id="least-is-two"),
        pytest.param({"minimum_transactions_per_second": 101}, (3, 4), id="rounded-up"),
        pytest.param({"minimum_transactions_per_second": 300}, (4, 4), id="nothing-to-scale"),
        pytest.param({"spare": False}, (1, 3), id="without-spare"),
    ],
)
def test_tasks_follow_from_capacity(
    plan: Planner, demand: dict[str, Any], tasks: tuple[int, int]
) -> None:
    planned = plan(MODULE, GOOD, capacity=capacity(**demand))
    least, most = tasks
    planned.one("aws_appautoscaling_target").expect(min_capacity=least, max_capacity=most)
    planned.one("aws_ecs_service").expect(desired_count=least)


def test_tasks_follow_cpu(planned: PlannedRoot) -> None:
    (policy,) = planned.all("aws_appautoscaling_policy")
    (tracking,) = policy["target_tracking_scaling_policy_configuration"]
    assert tracking["target_value"] == 60
    (metric,) = tracking["predefined_metric_specification"]
    assert metric["predefined_metric_type"] == "ECSServiceAverageCPUUtilization"


def test_tasks_follow_requests_if_they_are_counted(plan: Planner) -> None:
    metric = {"namespace": "Payments/Fraud", "name": "Requests", "dimensions": {"Service": "fraud"}}
    planned = plan(MODULE, GOOD, scaling={"requests_metric": metric})
    policy = planned.one("aws_appautoscaling_policy.requests")
    (tracking,) = policy["target_tracking_scaling_policy_configuration"]
    assert tracking["target_value"] == 100 * 60 * 0.8
    (specification,) = tracking["customized_metric_specification"]
    requests, tasks, per_task = specification["metrics"]
    assert requests["metric_stat"][0]["metric"][0]["namespace"] == "Payments/Fraud"
    assert tasks["metric_stat"][0]["metric"][0]["metric_name"] == "RunningTaskCount"
    assert per_task["expression"] == "requests / tasks"
    assert [each["return_data"] for each in specification["metrics"]] == [False, False, True]


def test_peak_has_bounds_of_its_own_and_ends_with_the_usual(plan: Planner) -> None:
    planned = plan(MODULE, GOOD, peaks=peak())
    begins = planned.one('aws_appautoscaling_scheduled_action.peak["black-friday-begins"]')
    begins.expect(
        schedule=PEAK["begins"],
        timezone="Europe/Berlin",
        scalable_target_action=[{"min_capacity": "4", "max_capacity": "11"}],
    )
    ends = planned.one('aws_appautoscaling_scheduled_action.peak["black-friday-ends"]')
    ends.expect(
        schedule=PEAK["ends"],
        timezone="Europe/Berlin",
        scalable_target_action=[{"min_capacity": "2", "max_capacity": "4"}],
    )


def test_alarms_tell_what_goes_wrong(plan: Planner) -> None:
    topic = "arn:aws:sns:eu-west-1:444444444444:operations"
    planned = plan(MODULE, GOOD, alarm_topic_arns=[topic])
    alarms = planned.all("aws_cloudwatch_metric_alarm")
    assert {
        name.rpartition("fraud-detection-")[2] for name in (a["alarm_name"] for a in alarms)
    } == {
        "cpu",
        "failed-deployment",
        "memory",
        "missing-tasks",
        "unhealthy-targets",
    }
    for alarm in alarms:
        alarm.expect(alarm_actions={topic})


def test_missing_tasks_are_those_wanted_or_the_least(planned: PlannedRoot) -> None:
    alarm = planned.one("aws_cloudwatch_metric_alarm.missing_tasks")
    alarm.expect(threshold=0, treat_missing_data="breaching")
    expressions = {query["expression"] for query in alarm["metric_query"]} - {"", None}
    assert expressions == {"IF(desired > 2, desired, 2) - running"}


def test_service_may_use_what_others_have(plan: Planner) -> None:
    planned = plan(
        MODULE,
        GOOD,
        cluster={"arn": "arn:aws:ecs:eu-west-1:444444444444:cluster/shared", "name": "shared"},
        kms_key={"arn": KEY},
        load_balancer={"shared": SHARED},
        listener=listener(port=8443),
        network={**NETWORK, "load_balancer_security_group_ids": []},
    )
    own = {"aws_api_gateway_vpc_link", "aws_ecs_cluster", "aws_kms_key", "aws_lb"}
    assert not own & {resource.type for resource in planned.resources.values()}
    planned.one("aws_lb_listener").expect(load_balancer_arn=SHARED["arn"], port=8443)
    planned.one("aws_appautoscaling_target").expect(
        resource_id="service/shared/payments-dev-fraud-detection"
    )
    assert planned.outputs["load_balancer"] == SHARED


def lift_protection(aws: Clients) -> None:
    balancing = aws.client("elbv2")
    for found in balancing.describe_load_balancers()["LoadBalancers"]:
        if found["LoadBalancerName"] == "payments-dev-fraud-detection":
            balancing.modify_load_balancer_attributes(
                LoadBalancerArn=found["LoadBalancerArn"],
                Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
            )


services = applied_fixture("tests/modules/ecs_services", before_destroy=lift_protection)


def test_second_plan_is_empty(services: AppliedRoot) -> None:
    services.assert_idempotent()


@pci("3.5.1")
def test_everything_is_encrypted_under_one_key(services: AppliedRoot) -> None:
    key = services.one(f"{FRAUD}.aws_kms_key.service[0]")["arn"]
    services.one(f"{FRAUD}.aws_ecr_repository.service[0]").expect(
        encryption_configuration=[{"encryption_type": "KMS", "kms_key": key}]
    )
    for group in services.found.all("aws_cloudwatch_log_group"):
        group.expect(kms_key_id=key)
    statement = services.one(f"{FRAUD}.aws_kms_key.service[0]").json("policy")["Statement"][1]
    groups = {group["arn"] for group in services.found.all("aws_cloudwatch_log_group")}
    allowed = statement["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
    assert {arn for arn in groups if "dashboard" not in arn} == set(allowed)


@pci("11.3.1")
def test_images_are_scanned_and_stay_what_they_are(services: AppliedRoot) -> None:
    name = services.one(f"{FRAUD}.aws_ecr_repository.service[0]")["name"]
    found = services.client("ecr").describe_repositories(repositoryNames=[name])
    (repository,) = found["repositories"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    policy = services.one(f"{FRAUD}.aws_ecr_lifecycle_policy.service[0]").json("policy")
    assert [rule["selection"]["tagStatus"] for rule in policy["rules"]] == ["untagged", "tagged"]


@pci("7.2.5")
def test_roles_can_do_only_what_is_named(services: AppliedRoot) -> None:
    def statements(policy: str) -> dict[str, Any]:
        found = services.one(f"{FRAUD}.aws_iam_role_policy.{policy}").json("policy")["Statement"]
        return {statement["Sid"]: statement for statement in found}

    start, secrets = statements("execution"), statements("secrets[0]")
    repository = services.one(f"{FRAUD}.aws_ecr_repository.service[0]")
    group = services.one(f"{FRAUD}.aws_cloudwatch_log_group.service")
    assert {sid for sid, item in start.items() if item["Resource"] == "*"} == {"LogInToRegistry"}
    assert start["PullImage"]["Resource"] == repository["arn"]
    assert start["WriteLogs"]["Resource"] == f"{group['arn']}:log-stream:service/*"
    secret = services.one("aws_secretsmanager_secret.model")
    assert secrets["ReadSecrets"]["Resource"] == [secret["arn"]]
    key = services.one(f"{FRAUD}.aws_kms_key.service[0]")
    assert secrets["DecryptSecrets"]["Resource"] == [key["arn"]]
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}
    assert secrets["DecryptSecrets"]["Condition"] == via
    assert set(statements("task[0]")) == {"CountCards"}
    trusts = {role: services.one(f"{FRAUD}.aws_iam_role.{role}") for role in ("execution", "task")}
    for role in trusts.values():
        (trust,) = role.json("assume_role_policy")["Statement"]
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"]["StringEquals"] == {
            "aws:SourceAccount": services.clients.account_id
        }
    assert trusts["execution"]["arn"] != trusts["task"]["arn"]


@pci("7.2.5")
def test_code_without_permissions_has_no_policy(services: AppliedRoot) -> None:
    role = services.one(f"{DASHBOARD}.aws_iam_role.task")["name"]
    assert services.client("iam").list_role_policies(RoleName=role)["PolicyNames"] == []


def test_deployed_service_is_as_planned(services: AppliedRoot) -> None:
    cluster = services.one("aws_ecs_cluster")["name"]
    names = ["payments-dev-fraud-detection", "payments-dev-merchant-dashboard"]
    found = services.client("ecs").describe_services(cluster=cluster, services=names)["services"]
    assert [service["desiredCount"] for service in found] == [2, 1]
    for service in found:
        assert service["platformVersion"] == "1.4.0"
        assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {
            "enable": True,
            "rollback": True,
        }


def test_services_share_one_load_balancer(services: AppliedRoot) -> None:
    balancing, arn = services.client("elbv2"), services.one("aws_lb")["arn"]
    listeners = balancing.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    assert {listener["Port"] for listener in listeners} == {443, 8443}
    attributes = balancing.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    assert {"Key": "access_logs.s3.enabled", "Value": "true"} in attributes
    services.one("aws_api_gateway_vpc_link").expect(target_arns={arn})


def test_failed_deployments_of_the_service_are_counted(services: AppliedRoot) -> None:
    rule = services.one(f"{FRAUD}.aws_cloudwatch_event_rule.failed_deployment")
    pattern = rule.json("event_pattern")
    assert pattern["resources"] == [services.one(f"{FRAUD}.aws_ecs_service.service")["id"]]
    assert pattern["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
    alarm = services.one(f"{FRAUD}.aws_cloudwatch_metric_alarm.failed_deployment")
    alarm.expect(dimensions={"RuleName": rule["name"]}, namespace="AWS/Events")


def test_alarm_watches_the_load_balancer_that_was_made(services: AppliedRoot) -> None:
    load_balancer = services.one("aws_lb")
    for service in (FRAUD, DASHBOARD):
        group = services.one(f"{service}.aws_lb_target_group.service")
        services.one(f"{service}.aws_cloudwatch_metric_alarm.unhealthy_targets").expect(
            dimensions={
                "LoadBalancer": load_balancer["arn_suffix"],
                "TargetGroup": group["arn_suffix"],
            }
        )


def test_protected_load_balancer_refuses_to_be_deleted(services: AppliedRoot) -> None:
    balancing = services.client("elbv2")
    with pytest.raises(balancing.exceptions.ClientError, match="deletion protection"):
        balancing.delete_load_balancer(LoadBalancerArn=services.one("aws_lb")["arn"])


def test_number_of_tasks_belongs_to_auto_scaling(services: AppliedRoot) -> None:
    cluster = services.one("aws_ecs_cluster")["name"]
    scaled_out = {"service": "payments-dev-fraud-detection", "desiredCount": 4}
    services.client("ecs").update_service(cluster=cluster, **scaled_out)
    services.repair()
    services.assert_idempotent()
    (service,) = services.client("ecs").describe_services(
        cluster=cluster, services=[scaled_out["service"]]
    )["services"]
    assert service["desiredCount"] == 4


def test_weakened_listener_and_service_are_noticed(services: AppliedRoot) -> None:
    tls = services.one(f"{FRAUD}.aws_lb_listener.tls")["arn"]
    cluster = services.one("aws_ecs_cluster")["name"]

    def weaken(aws: Clients) -> None:
        aws.client("elbv2").modify_listener(
            ListenerArn=tls, SslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"
        )
        aws.client("ecs").update_service(
            cluster=cluster, service="payments-dev-fraud-detection", enableExecuteCommand=True
        )

    services.tamper(weaken)
    services.assert_drift(f"{FRAUD}.aws_lb_listener.tls", f"{FRAUD}.aws_ecs_service.service")
    services.repair()
    services.assert_idempotent()


def test_example_stands_in_its_network(applied_ecs_service: AppliedRoot) -> None:
    applied_ecs_service.assert_idempotent()
    network, service = "module.network", "module.fraud_detection"
    groups = {
        name: {applied_ecs_service.one(f'{network}.aws_security_group.{name}["fraud"]')["id"]}
        for name in ("load_balancer", "service")
    }
    applied_ecs_service.one("aws_lb").expect(security_groups=groups["load_balancer"])
    applied_ecs_service.one(f"{service}.aws_ecs_service.service").expect(
        network_configuration=[{"security_groups": groups["service"]}]
    )
