"""A payments API between two backends: applied by Terraform, served by the edge."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from harness.acquirer import AcquirerSimulator
from harness.caller import Caller
from harness.deploying import PrivateNetwork
from harness.edge import Edge
from harness.platform import MerchantAccess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.aws import EmbeddedAWS
    from harness.terraform import Plan, Root, Terraform

ACCOUNT = "444444444444"
DOMAIN = "legacy.internal.example"
Cohort = dict[str, Any]
"""Merchants, and the percentage of them that each side gets."""
REPOSITORY = Path(__file__).resolve().parents[2]
LEGACY_APPLICATION = REPOSITORY / "examples" / "legacy_gateway" / "application.py"


def whole(*merchants: str) -> Cohort:
    """Give a cohort that is on the new service as a whole."""
    return split(100, *merchants)


def split(percent: int, *merchants: str) -> Cohort:
    """Give a cohort of which that percentage is on the new service."""
    return {"merchants": merchants, "weights": {"legacy": 100 - percent, "new": percent}}


@dataclass
class UnderWay:
    """The account; a context manager.

    Args:
        aws: where it is.
        terraform: applies it.
        workdir: for state and plans.
    """

    aws: EmbeddedAWS
    terraform: Terraform
    workdir: Path
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self._http = self._stack.enter_context(httpx.Client(timeout=60))
        self.acquirer = self._stack.enter_context(AcquirerSimulator())
        network = PrivateNetwork(self.aws.session(ACCOUNT))
        self._network = network
        self._balancer = network.balancer("legacy", domain=DOMAIN)
        self._web_acl = self.aws.client("wafv2", ACCOUNT).create_web_acl(
            Name="payments-dev",
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            VisibilityConfig={
                "SampledRequestsEnabled": False,
                "CloudWatchMetricsEnabled": False,
                "MetricName": "payments-dev",
            },
        )["Summary"]["ARN"]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin(self) -> None:
        """Release the first phase, start the legacy application, and serve."""
        self.apply("legacy")
        self._start_legacy()
        self.edge = self._stack.enter_context(
            Edge(
                endpoint_url=self.aws.endpoint_url,
                account_id=ACCOUNT,
                region=self.aws.region,
                environment=self.aws.environment(ACCOUNT),
            )
        )

    def release(self, phase: str, **cohorts: Cohort) -> None:
        """Release a phase with some merchants on the new service, and serve it."""
        self.apply(phase, **cohorts)
        self.edge.reload()

    def apply(self, phase: str, **cohorts: Cohort) -> None:
        """Apply what such a release holds."""
        root = self._root(phase, cohorts)
        root.apply()
        self.api: Mapping[str, Any] = root.outputs()["api"]

    def plan(self, phase: str, **cohorts: Cohort) -> Plan:
        """Plan such a release, and no more.

        Raises:
            TerraformError: it was refused.
        """
        return self._root(phase, cohorts).plan()

    def _root(self, phase: str, cohorts: Mapping[str, Cohort]) -> Root:
        service: dict[str, Any] = {
            "phase": phase,
            "shares_idempotency_store": True,
            "cohorts": cohorts,
        }
        if phase != "decommissioned":
            service["legacy"] = {
                "base_url": f"https://{DOMAIN}",
                "load_balancer_arn": self._balancer.arn,
            }
        root = self.terraform.root(
            REPOSITORY / "tests" / "rollout" / "payments",
            workdir=self.workdir,
            environment=self.aws.environment(ACCOUNT),
            variables={
                "acquirer_url": self.acquirer.url,
                "release_directory": str(REPOSITORY / "dist"),
                "services": {"payments": service},
                "web_acl_arn": self._web_acl,
            },
            parallelism=40,
        )
        root.init()
        return root

    def caller(self, merchant_id: str) -> Caller:
        """Call as a merchant."""
        session = self.aws.session(ACCOUNT, role=f"merchant-{merchant_id}", session_name="till")
        credentials = session.get_credentials()
        if credentials is None or credentials.token is None:
            raise RuntimeError(f"merchant-{merchant_id} gave no temporary credentials")
        key = self.aws.client("apigateway", ACCOUNT).get_api_key(
            apiKey=self.api["keys"][merchant_id]["api_key_id"], includeValue=True
        )
        access = MerchantAccess(
            merchant_id=merchant_id,
            invoke_url=self.edge.invoke_url(self.api["id"], "live"),
            region=self.aws.region,
            access_key_id=credentials.access_key,
            secret_access_key=credentials.secret_key,
            session_token=credentials.token,
            api_key=key["value"],
        )
        return Caller(access, self._http)

    def served_by(self, merchant_id: str) -> str:
        """Tell which backend answers a merchant."""
        answer = self.caller(merchant_id).send("GET", "/payments")
        if answer.status_code != 200:
            raise RuntimeError(f"{merchant_id} was answered {answer.status_code}: {answer.text}")
        return str(answer.headers.get("x-served-by", "new"))

    def released(self) -> dict[str, Any]:
        """Read what the account says of the release that it runs."""
        parameter = self.aws.client("ssm", ACCOUNT).get_parameter(
            Name="/payments/rollout/payments", WithDecryption=True
        )["Parameter"]
        noted: dict[str, Any] = json.loads(parameter["Value"])
        return noted

    def access_log(self, query: str) -> list[dict[str, str]]:
        """Ask the access log of the last hour, as CloudWatch Logs Insights would."""
        self.edge.flush_logs()
        logs = self.aws.client("logs", ACCOUNT)
        now = int(time.time())
        started = logs.start_query(
            logGroupName=self.api["access_log_group"],
            startTime=now - 3600,
            endTime=now + 60,
            queryString=query,
        )
        rows = logs.get_query_results(queryId=started["queryId"])["results"]
        return [{field["field"]: field["value"] for field in row} for row in rows]

    def deployed_paths(self) -> set[str]:
        """Read the resources of the API that have methods."""
        found = self.aws.client("apigateway", ACCOUNT).get_resources(
            restApiId=self.api["id"], embed=["methods"], limit=500
        )
        return {item["path"] for item in found["items"] if item.get("resourceMethods")}

    def vpc_links(self) -> list[str]:
        """Read the names of the VPC links."""
        links = self.aws.client("apigateway", ACCOUNT).get_vpc_links()["items"]
        return [link["name"] for link in links]

    def _start_legacy(self) -> None:
        environment = {
            **self.aws.environment(ACCOUNT),
            "ACQUIRER_URL": self.acquirer.url,
            "PAYMENTS_TABLE": self.api["table"],
        }
        process = self._stack.enter_context(
            subprocess.Popen(  # noqa: S603 - ours
                [sys.executable, str(LEGACY_APPLICATION)],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self._stack.callback(process.terminate)
        if process.stdout is None:
            raise RuntimeError("the legacy application has no output")
        self._network.register(self._balancer, int(process.stdout.readline()))
        # What it logs from here on must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
