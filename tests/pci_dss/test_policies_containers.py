"""What containers may do, what is told them, and who may get into them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.testing import pci
from pci_dss.policy import Result, Verdict

from .documents import planned, verdicts

TASK = "aws_ecs_task_definition.fraud"
LOGS = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/fraud"}}
CONTAINER = {"name": "service", "user": "10001", "logConfiguration": LOGS}
SECRET = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:db"


def judge(policy: str, *containers: Any) -> Verdict:
    values = {"container_definitions": json.dumps(containers)}
    return verdicts(policy, planned({TASK: values}))[TASK]


def changed(**attributes: Any) -> dict[str, Any]:
    return {**CONTAINER, **attributes}


def adding(*capabilities: str) -> dict[str, Any]:
    return changed(linuxParameters={"capabilities": {"add": list(capabilities)}})


@pytest.mark.parametrize("policy", ["PCI_1", "PCI_22", "PCI_23"])
class TestEveryPolicy:
    @pytest.mark.parametrize("text", ["{", '{"name": "service"}', '["service"]', None])
    def test_does_not_decide_on_what_is_no_definition(self, policy: str, text: str | None) -> None:
        found = verdicts(policy, planned({TASK: {"container_definitions": text}}))[TASK]
        assert found.result == Result.NOT_EVALUATED

    def test_does_not_decide_before_the_definition_is_known(self, policy: str) -> None:
        resources = planned({TASK: {}}, unknown={TASK: {"container_definitions": True}})
        assert verdicts(policy, resources)[TASK].result == Result.NOT_EVALUATED

    def test_passes_what_is_well(self, policy: str) -> None:
        assert judge(policy, CONTAINER, changed(name="sidecar")).result == Result.PASS

    def test_keeps_the_definition_out_of_the_evidence(self, policy: str) -> None:
        variables = [{"name": "DB_PASSWORD", "value": "hunter2"}]
        assert "hunter2" not in str(judge(policy, changed(environment=variables)))


@pci("2.2.6")
class TestPrivilege:
    @pytest.mark.parametrize(
        ("container", "reason"),
        [
            (changed(privileged=True), "container service is privileged"),
            (changed(Privileged=True), "container service is privileged"),
            (changed(privileged="true"), "container service is privileged"),
            (adding("ALL"), "container service has the capability ALL"),
            (adding("CHOWN", "sys_admin"), "container service has the capability SYS_ADMIN"),
        ],
    )
    def test_containers_have_not_the_hosts_power(
        self, container: dict[str, Any], reason: str
    ) -> None:
        found = judge("PCI_1", changed(name="first"), container)
        assert found.result == Result.FAIL
        assert found.reasons == (reason,)

    def test_less_than_that_is_allowed(self) -> None:
        dropped = changed(linuxParameters={"capabilities": {"drop": ["ALL"]}}, privileged=False)
        assert judge("PCI_1", dropped, adding("SYS_PTRACE")).result == Result.PASS

    def test_the_evidence_names_the_container(self) -> None:
        evaluated = judge("PCI_1", changed(privileged=True)).evaluated
        assert evaluated[f"{TASK}: container_definitions.service.privileged"] is True


@pci("8.6.2")
class TestEnvironment:
    @pytest.mark.parametrize(
        ("attributes", "reason"),
        [
            (
                {"environment": [{"name": "DB_PASSWORD", "value": "hunter2"}]},
                "container service: DB_PASSWORD is called as a secret is, and its value stands"
                " there",
            ),
            (
                {"environment": [{"name": "SAMPLE", "value": "4111111111111111"}]},
                "container service: SAMPLE holds a card number",
            ),
            (
                {"command": ["serve", "--db", "postgres://app:hunter2@db/pay"]},
                "container service: its command holds a URL with a password",
            ),
            (
                {"entryPoint": ["sh", "-c", "AKIAIOSFODNN7EXAMPLE"]},
                "container service: its command holds an access key of AWS",
            ),
        ],
    )
    def test_holds_no_secret(self, attributes: dict[str, Any], reason: str) -> None:
        found = judge("PCI_22", CONTAINER, changed(**attributes))
        assert found.result == Result.FAIL
        assert found.reasons == (reason,)

    def test_names_where_secrets_are(self) -> None:
        container = changed(
            secrets=[{"name": "DB_PASSWORD", "valueFrom": SECRET}],
            environment=[{"name": "DB_PASSWORD_ARN", "value": SECRET}],
        )
        assert judge("PCI_22", container).result == Result.PASS
        assert judge("PCI_22", changed(environment=None, command=None)).result == Result.PASS

    def test_files_of_variables_are_not_read(self) -> None:
        files = changed(name="sidecar", environmentFiles=[{"type": "s3", "value": "arn:x"}])
        assert judge("PCI_22", files).result == Result.NOT_EVALUATED
        leaking = changed(environment=[{"name": "PIN_TOKEN", "value": "hunter2"}])
        assert judge("PCI_22", files, leaking).result == Result.FAIL


@pci("2.2.6", "10.2.1")
class TestUserAndLogs:
    @pytest.mark.parametrize("user", ["root", "0", "0:0", "root:10001", "00", "Root"])
    def test_nothing_runs_as_root(self, user: str) -> None:
        found = judge("PCI_23", CONTAINER, changed(user=user))
        assert found.reasons == (f"container service runs as {user}",)

    @pytest.mark.parametrize("user", ["10001", "10001:0", "app", "app:root"])
    def test_others_may_run(self, user: str) -> None:
        assert judge("PCI_23", changed(user=user)).result == Result.PASS

    def test_an_images_own_user_is_not_known(self) -> None:
        assert judge("PCI_23", changed(user=None)).result == Result.NOT_EVALUATED
        found = judge("PCI_23", changed(user=None), changed(user="root"))
        assert found.result == Result.FAIL

    @pytest.mark.parametrize(
        ("logs", "reason"),
        [
            (None, "container service logs nowhere"),
            ({"logDriver": "none"}, "container service logs nowhere"),
            ({"logDriver": "awslogs"}, "container service logs to no group"),
            ({"logDriver": "awslogs", "options": {}}, "container service logs to no group"),
        ],
    )
    def test_no_line_is_lost(self, logs: dict[str, Any] | None, reason: str) -> None:
        found = judge("PCI_23", CONTAINER, changed(logConfiguration=logs))
        assert found.reasons == (reason,)

    @pytest.mark.parametrize(
        ("driver", "result"),
        [
            ("awsfirelens", Result.PASS),
            ("splunk", Result.PASS),
            ("json-file", Result.NOT_EVALUATED),
            ("journald", Result.NOT_EVALUATED),
        ],
    )
    def test_drivers_send_lines_away(self, driver: str, result: Result) -> None:
        assert judge("PCI_23", changed(logConfiguration={"logDriver": driver})).result == result


@pci("7.2.5")
class TestExecuteCommand:
    SERVICE = "aws_ecs_service.fraud"

    @pytest.mark.parametrize(
        ("address", "around"),
        [
            (SERVICE, lambda it: it),
            ("aws_cloudwatch_event_target.nightly", lambda it: {"ecs_target": [it]}),
            (
                "aws_scheduler_schedule.nightly",
                lambda it: {"target": [{"ecs_parameters": [it]}]},
            ),
            (
                "aws_pipes_pipe.nightly",
                lambda it: {"target_parameters": [{"ecs_task_parameters": [it]}]},
            ),
        ],
    )
    def test_nobody_gets_into_tasks(self, address: str, around: Any) -> None:
        name = "enable_execute_command"
        results = {
            said: verdicts("PCI_24", planned({address: around(values)}))[address].result
            for said, values in {
                "yes": {name: True},
                "no": {name: False},
                "nothing": {name: None},
            }.items()
        }
        assert results == {"yes": Result.FAIL, "no": Result.PASS, "nothing": Result.PASS}
        unknown = planned({address: around({})}, unknown={address: around({name: True})})
        assert verdicts("PCI_24", unknown)[address].result == Result.NOT_EVALUATED

    def test_targets_that_start_no_tasks_are_no_concern(self) -> None:
        function: dict[str, dict[str, Any]] = {"aws_cloudwatch_event_target.a": {"ecs_target": []}}
        assert verdicts("PCI_24", planned(function)) == {}
