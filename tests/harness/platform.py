"""The platform on this machine: organization and an environment on the embedded AWS, and an edge.

Everything that an operator does on AWS happens here by the same files and in the same order: the
organization, its log archive and its trail, then an environment, dev unless told otherwise; before
an account's first root bootstrap makes the bucket of its states.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from harness.acquirer import AcquirerSimulator
from harness.aws import EmbeddedAWS
from harness.client import SignedClient
from harness.edge import Edge
from harness.known_organization import known_organization
from harness.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.terraform import ApplyResult, ProgressCallback, Root

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = "dev"
ENVIRONMENTS = ("dev", "qa", "integration", "production")
"""The workload environments, in the order in which a release reaches them."""
SESSION_NAME = "point-of-sale"
# What an operator has to write before production's logs are locked for good. Here AWS is in memory.
ACKNOWLEDGEMENT = "nobody can delete a log for 365 days"
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
        environment: which of `ENVIRONMENTS` it is.
        edge_port: TCP port of the API on 127.0.0.1, 0 for a free one.
        variables: Terraform variables of the environment's root that differ from its values.
        public_endpoints: names on the internet that webhooks find, with ports on this machine.
        messages: where the edge tells what clients aren't told; standard error if None.
    """

    def __init__(
        self,
        workdir: Path,
        *,
        environment: str = ENVIRONMENT,
        edge_port: int = 0,
        variables: Mapping[str, Any] | None = None,
        public_endpoints: Mapping[str, int] | None = None,
        messages: IO[str] | None = None,
    ) -> None:
        self._messages = messages
        self._workdir = workdir
        self.name = environment
        self._edge_port = edge_port
        self._variables = dict(variables or {})
        self._public_endpoints = dict(public_endpoints or {})
        self._resources = ExitStack()
        organization = known_organization()
        self.region: str = organization["region"]
        self.account_id: str = organization["accounts"][environment]
        self.accounts: dict[str, str] = organization["accounts"]
        self.organization: dict[str, Root] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def start(self) -> None:
        """Find Terraform; start the embedded AWS and the acquirer.

        Raises:
            harness.terraform.DiscoveryError: there is no Terraform or no provider.
        """
        self.terraform = Terraform.discover()
        self.aws = self._resources.enter_context(
            EmbeddedAWS(
                region=self.region,
                management_account=self.accounts["management"],
                account_ids=self.accounts,
            )
        )
        self.acquirer = self._resources.enter_context(AcquirerSimulator())

    def beside(self, environment: str, **options: Any) -> Platform:
        """Make another environment of the same organization, on the same embedded AWS.

        It is applied after this one's organization, and is left before it. `options` are those
        of the class.
        """
        other = Platform(self._workdir, environment=environment, **options)
        other.terraform, other.aws, other.acquirer = self.terraform, self.aws, self.acquirer
        other.organization = self.organization
        return other

    def apply_bootstrap(
        self, *accounts: str, progress: ProgressCallback | None = None
    ) -> list[ApplyResult]:
        """Apply state bucket, deploy role and baseline of accounts, as their administrators."""

        def apply(account: str) -> ApplyResult:
            root = self._root(
                "bootstrap",
                self.aws.environment(self.accounts[account]),
                {"environment": account},
                workdir=self._workdir / f"bootstrap-{account}",
            )
            root.init()
            return root.apply(progress=progress)

        with ThreadPoolExecutor(len(accounts)) as pool:
            return list(pool.map(apply, accounts))

    def apply_organization(
        self, name: str, progress: ProgressCallback | None = None
    ) -> ApplyResult:
        """Apply one of the organization's own roots: `management`, `log-archive` or `trail`."""
        variables: dict[str, Any] = {}
        if name == "log-archive":
            variables["production_lock"] = {"acknowledgement": ACKNOWLEDGEMENT}
        elif name == "trail":
            outputs = self.organization["log-archive"].outputs()
            variables["archive_key_arn"] = outputs["kms_key_arn"]
        root = self._root(name, self.aws.environment(), variables)
        root.init()
        self.organization[name] = root
        return root.apply(progress=progress)

    def apply_environment(self, progress: ProgressCallback | None = None) -> ApplyResult:
        """Apply the environment, as the operator who assumes the deploy role."""
        self._open_environment()
        applied = self.environment.apply(progress=progress)
        self.outputs = self.environment.outputs()
        return applied

    def adopt_environment(self) -> None:
        """Take over an environment that somebody else applied, such as the pipeline."""
        self._open_environment()
        self.outputs = self.environment.outputs()

    def _open_environment(self) -> None:
        self.environment = self._root(self.name, self.aws.environment(), self._values())
        self.environment.init()

    def another_release(self, tree: Path) -> Root:
        """Give the environment's root as it is in another tree, over the same state.

        The tree has the folders of a release that was laid out: `dist`, `environments`, `modules`,
        and the contracts. Merchants call meanwhile, so Terraform does fewer things at once.
        """
        return self.terraform.root(
            tree / "environments" / self.name,
            workdir=tree.parent / f"{tree.name}-work",
            environment=self.aws.environment(),
            variables=self._values(),
        )

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
                acquirer_endpoints=self._acquirer_endpoints(),
                messages=self._messages,
            )
        )

    def _acquirer_endpoints(self) -> dict[str, int]:
        """Have the simulator answer for the deployed acquirer, unless it is that itself."""
        function = self.aws.client("lambda", self.account_id).get_function_configuration(
            FunctionName=self.outputs["functions"]["transaction_gateway"]["name"]
        )
        deployed = urlsplit(function["Environment"]["Variables"]["ACQUIRER_URL"])
        here = urlsplit(self.acquirer.url)
        if deployed.netloc == here.netloc or not (deployed.hostname and here.port):
            return {}
        return {deployed.hostname: here.port}

    def deploy(self) -> None:
        """Do all of the above, in the order in which one builds on the other."""
        self.start()
        self.apply_bootstrap("management")
        self.apply_organization("management")
        self.apply_bootstrap("log-archive", self.name)
        self.apply_organization("log-archive")
        self.apply_organization("trail")
        self.apply_environment()
        self.serve()

    def sweep(self) -> Mapping[str, int]:
        """Run the deployed schedule of the sweeper now, and give what it counted."""
        rule = self.outputs["functions"]["sweeper"]["schedule_rule_name"]
        counted: Mapping[str, int] = self.edge.fire_schedule(rule)
        return counted

    def review_logs(self) -> Mapping[str, int]:
        """Run the deployed schedule of the log review now, and give its findings by query."""
        answer = self.edge.fire_schedule(self.outputs["log_review"]["schedule_rule_name"])
        findings: Mapping[str, int] = answer["findings"]
        return findings

    def _values(self) -> dict[str, Any]:
        """Give the simulator's address to the one environment that takes plain http."""
        simulated = {"acquirer_url": self.acquirer.url} if self.name == "dev" else {}
        return {**simulated, **self._variables}

    def _root(
        self,
        name: str,
        environment: Mapping[str, str],
        variables: Mapping[str, Any],
        *,
        workdir: Path | None = None,
    ) -> Root:
        return self.terraform.root(
            REPOSITORY / "environments" / name,
            workdir=workdir or self._workdir / name,
            environment=environment,
            variables=variables,
            parallelism=PARALLELISM,
        )

    @cached_property
    def invoke_url(self) -> str:
        """The payments API's address up to and with the stage."""
        return self.invoke_url_of("payments")

    def invoke_url_of(self, api_name: str, version: str = "v1") -> str:
        """An API's address up to and with the stage: of `payments`, `fraud` or `dashboard`."""
        api = self.outputs["apis"][f"{version}/{api_name}"]
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
