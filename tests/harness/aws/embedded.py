"""The embedded AWS: moto in this process, served on the loopback address."""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any, Self

import boto3
import botocore.session
from botocore.loaders import Loader, create_loader
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends

from harness import emptied
from harness.aws import changes, invokers, log_delivery, supplement, trails
from harness.aws.application import Application
from harness.aws.calls import CallLog
from harness.aws.faults import Faults
from harness.aws.identities import PARTITION, Identities
from harness.aws.server import LOOPBACK, Server
from harness.aws.supplement import organizations, s3_policies

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

    from moto.iam.models import AccessKey

OPERATOR = "operator"
ACCOUNT_ACCESS_ROLE = "OrganizationAccountAccessRole"
SESSION_SECONDS = 12 * 60 * 60

_running = threading.Lock()


class EmbeddedAWS:
    """All accounts of the organization in one process; a context manager.

    The operator is an IAM user of the management account. Other accounts are entered as on
    AWS, by assuming a role. Since moto keeps its state in module globals, one process runs
    one at a time.

    Args:
        port: TCP port on 127.0.0.1, 0 for a free one.
        region: the default region of environments, sessions and clients.
        management_account: 12-digit id of the account that the operator belongs to.
        log_capacity: how many of the latest calls to keep; 0 switches the log off.
        account_ids: the ids that CreateAccount gives, by the account's name; others are random.

    Raises:
        RuntimeError: this process already runs one.
        OSError: the port is taken.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        region: str = "eu-west-1",
        management_account: str = "111111111111",
        log_capacity: int = 100_000,
        account_ids: Mapping[str, str] | None = None,
    ) -> None:
        if not _running.acquire(blocking=False):
            raise RuntimeError(
                "this process already runs an EmbeddedAWS: close it or call its reset() instead"
            )
        self.region = region
        self.management_account = management_account
        self.calls = CallLog(log_capacity)
        self.faults = Faults()
        self._identities = Identities()
        self._closed = False
        self.endpoint_url = ""
        try:
            supplement.install()
            organizations.name_ids(account_ids or {})
            changes.open_again()
            self._operator_key = self._found_management_account()
            application = Application(self._identities, self.calls, self.faults)
            self._turn = application.one_at_a_time
            self._server = Server(application, port)
            self._log_delivery = log_delivery.Worker(self._turn)
        except BaseException:
            self._empty()
            _running.release()
            raise
        self.endpoint_url = f"http://{LOOPBACK}:{self._server.port}"

    def environment(self, account_id: str | None = None) -> dict[str, str]:
        """Variables that direct Terraform, boto3 and the AWS CLI (but version 1's `sqs`) here.

        Without an account they sign as the operator; with one, as a session of
        ``OrganizationAccountAccessRole`` there. Credential files of the machine are shut out.
        """
        variables = {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_MAX_ATTEMPTS": "3",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        session = self._operator() if account_id is None else self.session(account_id)
        credentials = session.get_credentials()
        if credentials is None:
            raise RuntimeError("a session of the embedded AWS always has credentials")
        variables["AWS_ACCESS_KEY_ID"] = credentials.access_key
        variables["AWS_SECRET_ACCESS_KEY"] = credentials.secret_key
        if credentials.token:
            variables["AWS_SESSION_TOKEN"] = credentials.token
        return variables

    def session(
        self, account_id: str, role: str = ACCOUNT_ACCESS_ROLE, session_name: str = OPERATOR
    ) -> boto3.Session:
        """Assume a role in an account through STS, for 12 hours."""
        credentials = (
            self._operator()
            .client("sts")
            .assume_role(
                RoleArn=f"arn:{PARTITION}:iam::{account_id}:role/{role}",
                RoleSessionName=session_name,
                DurationSeconds=SESSION_SECONDS,
            )["Credentials"]
        )
        return self.session_of(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        )

    def session_of(
        self, access_key_id: str, secret: str, token: str | None = None
    ) -> boto3.Session:
        """Make a session of a user's key, or of temporary credentials with their token."""
        given = {"aws_access_key_id": access_key_id, "aws_secret_access_key": secret}
        if token is not None:
            given["aws_session_token"] = token
        return _Session(self.endpoint_url, region_name=self.region, **given)

    def client(self, service: str, account_id: str) -> Any:
        """Make a boto3 client of a service in an account."""
        return self.session(account_id).client(service)  # type: ignore[call-overload]  # any service

    def bucket_policies_enforced(self) -> AbstractContextManager[None]:
        """Have S3 refuse, for a while, whatever bucket policies deny or don't allow.

        Otherwise only statements without conditions are looked at, and only for objects, so that
        tests may apply as who they are what on AWS a deploy role alone may change.
        """
        return s3_policies.enforced()

    def deliver_logs(self) -> None:
        """Write what log groups and delivery streams have taken into its buckets, now.

        It is written within seconds anyway; what couldn't be written is tried again.
        """
        log_delivery.deliver(self._turn)

    def deliver_trails(self, *, digests: bool = False) -> None:
        """Write the log files of each trail, now: CloudTrail on AWS takes about five minutes.

        They hold the calls that the log still knows.

        Args:
            digests: end the hour as well, with a digest of what was delivered since the last one.
        """
        trails.deliver(self.calls, self._turn, digests=digests)

    def reset(self) -> None:
        """Empty all accounts and the call log, drop all faults; earlier sessions are refused.

        The operator keeps their access key.
        """
        self._empty()
        self._found_management_account(self._operator_key)

    def close(self) -> None:
        """End the server and its connections and empty all accounts; may be called twice."""
        if self._closed:
            return
        self._closed = True
        changes.release()
        self._server.stop()
        self._log_delivery.close()
        invokers.forget()
        self._empty()
        supplement.uninstall()
        _running.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _operator(self) -> boto3.Session:
        return _Session(
            self.endpoint_url,
            aws_access_key_id=self._operator_key.access_key_id,
            aws_secret_access_key=self._operator_key.secret_access_key,
            region_name=self.region,
        )

    def _found_management_account(self, key: AccessKey | None = None) -> AccessKey:
        iam = iam_backends[self.management_account][PARTITION]
        user = iam.create_user(self.region, OPERATOR)
        if key is None:
            return iam.create_access_key(OPERATOR)
        user.access_keys.append(key)
        iam.access_keys[key.access_key_id] = key
        return key

    def _empty(self) -> None:
        log_delivery.forget()
        BackendDict.reset()
        organizations_backends.master_accounts.clear()
        reset_model_data()
        self._identities.forget()
        self.calls.clear()
        self.faults.clear()
        emptied.tell(self.endpoint_url)


@functools.cache
def _loader() -> Loader:
    """Read botocore's service descriptions once for all sessions; each read takes 0.1 s."""
    return create_loader()


class _Session(boto3.Session):
    """A session whose clients and resources talk to the embedded AWS."""

    def __init__(self, endpoint_url: str, **credentials: str) -> None:
        session = botocore.session.Session()
        session.register_component("data_loader", _loader())
        super().__init__(botocore_session=session, **credentials)
        self._endpoint_url = endpoint_url

    def client(self, *args: Any, **options: Any) -> Any:
        """As ``boto3.Session.client``, with the endpoint filled in."""
        return super().client(*args, **{"endpoint_url": self._endpoint_url, **options})

    def resource(self, *args: Any, **options: Any) -> Any:
        """As ``boto3.Session.resource``, with the endpoint filled in."""
        return super().resource(*args, **{"endpoint_url": self._endpoint_url, **options})
