"""The platform on this machine: dev applied to the embedded AWS, its edge and its acquirer running.

Everything that an operator does on AWS happens here by the same files: bootstrap is applied in
the account, then `environments/dev` with its state in the bucket that bootstrap made.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from harness.acquirer import AcquirerSimulator
from harness.aws import EmbeddedAWS
from harness.client import SignedClient
from harness.edge import Edge
from harness.log_destination import found_organization, known_organization, make_log_destination
from harness.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.terraform import ApplyResult, ProgressCallback, Root

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = "dev"
SESSION_NAME = "point-of-sale"
# Most of an apply is the provider waiting for states to settle, so waits had better overlap.
PARALLELISM = 40


@dataclass(frozen=True, slots=True)
class MerchantAccess:
    """What a merchant needs to call an API: temporary credentials and the key of its plan."""

    merchant_id: str
    invoke_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    api_key: str

    def client(self) -> SignedClient:
        """A client that signs as this merchant."""
        return SignedClient(
            f"{self.invoke_url}/merchants/{self.merchant_id}",
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            session_token=self.session_token,
            region=self.region,
            api_key=self.api_key,
        )


class Platform:
    """One environment from `start` to `destroy`; a context manager that leaves nothing running.

    Args:
        workdir: where state, plans and Terraform's data directories go.
        edge_port: TCP port of the API on 127.0.0.1, 0 for a free one.
        variables: Terraform variables of `environments/dev` that differ from its values.
        public_endpoints: names on the internet that webhooks find, with ports on this machine.
    """

    def __init__(
        self,
        workdir: Path,
        *,
        edge_port: int = 0,
        variables: Mapping[str, Any] | None = None,
        public_endpoints: Mapping[str, int] | None = None,
    ) -> None:
        self._workdir = workdir
        self._edge_port = edge_port
        self._variables = dict(variables or {})
        self._public_endpoints = dict(public_endpoints or {})
        self._resources = ExitStack()
        organization = known_organization()
        self.region: str = organization["region"]
        self.account_id: str = organization["accounts"][ENVIRONMENT]
        self._accounts: dict[str, str] = organization["accounts"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def start(self) -> None:
        """Find Terraform; start the embedded AWS, with somewhere to send logs, and the acquirer.

        Raises:
            harness.terraform.DiscoveryError: there is no Terraform or no provider.
        """
        self.terraform = Terraform.discover()
        self.aws = self._resources.enter_context(
            EmbeddedAWS(
                region=self.region,
                management_account=self._accounts["management"],
                account_ids=self._accounts,
            )
        )
        organization_id = found_organization(self.aws, self._accounts)
        make_log_destination(self.aws, self._accounts["log-archive"], organization_id)
        self.acquirer = self._resources.enter_context(AcquirerSimulator())

    def apply_bootstrap(self, progress: ProgressCallback | None = None) -> ApplyResult:
        """Apply the account's state bucket, deploy role and baseline, as its administrator."""
        root = self._root(
            "bootstrap", self.aws.environment(self.account_id), {"environment": ENVIRONMENT}
        )
        root.init()
        return root.apply(progress=progress)

    def apply_environment(self, progress: ProgressCallback | None = None) -> ApplyResult:
        """Apply dev, as the operator who assumes the deploy role."""
        variables = {"acquirer_url": self.acquirer.url, **self._variables}
        self.environment = self._root(ENVIRONMENT, self.aws.environment(), variables)
        self.environment.init()
        applied = self.environment.apply(progress=progress)
        self.outputs = self.environment.outputs()
        return applied

    def serve(self) -> None:
        """Start the edge on what was deployed."""
        self.edge = self._resources.enter_context(
            Edge(
                endpoint_url=self.aws.endpoint_url,
                account_id=self.account_id,
                region=self.region,
                port=self._edge_port,
                environment=self.aws.environment(self.account_id),
                public_endpoints=self._public_endpoints,
            )
        )

    def deploy(self, progress: ProgressCallback | None = None) -> None:
        """Do all of the above."""
        self.start()
        self.apply_bootstrap(progress)
        self.apply_environment(progress)
        self.serve()

    def sweep(self) -> Mapping[str, int]:
        """Run the deployed schedule of the sweeper now, and give what it counted."""
        rule = self.outputs["functions"]["sweeper"]["schedule_rule_name"]
        counted: Mapping[str, int] = self.edge.fire_schedule(rule)
        return counted

    def _root(
        self, name: str, environment: Mapping[str, str], variables: Mapping[str, Any]
    ) -> Root:
        return self.terraform.root(
            REPOSITORY / "environments" / name,
            workdir=self._workdir / name,
            environment=environment,
            variables=variables,
            parallelism=PARALLELISM,
        )

    @cached_property
    def invoke_url(self) -> str:
        """The payments API's address up to and with the stage."""
        return self.invoke_url_of("payments")

    def invoke_url_of(self, api_name: str) -> str:
        """An API's address up to and with the stage: of `payments`, `fraud` or `dashboard`."""
        api = self.outputs["apis"][api_name]
        return self.edge.invoke_url(api["id"], api["stage"])

    @property
    def merchant_ids(self) -> list[str]:
        """The merchants of the environment, sorted."""
        return sorted(self.outputs["merchants"])

    def merchant(
        self, merchant_id: str, *, api_name: str = "payments", session_name: str = SESSION_NAME
    ) -> MerchantAccess:
        """Assume a merchant's role and read its API key, as the operator hands them out.

        The key is the same for all APIs; `api_name` says which one's address comes with it. The
        dashboard knows people by `session_name`.
        """
        merchant = self.outputs["merchants"][merchant_id]
        role = merchant["role_arn"].rpartition("/")[2]
        session = self.aws.session(self.account_id, role=role, session_name=session_name)
        credentials = session.get_credentials()
        if credentials is None or credentials.token is None:
            raise RuntimeError(f"assuming {role} gave no temporary credentials")
        key = self.aws.client("apigateway", self.account_id).get_api_key(
            apiKey=merchant["api_key_id"], includeValue=True
        )
        return MerchantAccess(
            merchant_id=merchant_id,
            invoke_url=self.invoke_url_of(api_name),
            region=self.region,
            access_key_id=credentials.access_key,
            secret_access_key=credentials.secret_key,
            session_token=credentials.token,
            api_key=key["value"],
        )
