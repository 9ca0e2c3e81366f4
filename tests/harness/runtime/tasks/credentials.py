"""What a task gets of AWS: values of its secrets, and credentials of its role."""

from __future__ import annotations

import datetime
import json
import secrets
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from harness.runtime.functions import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.runtime.tasks.deployed import TaskDefinition

_RENEW_BEFORE = datetime.timedelta(minutes=5)
_ARN_PARTS = 7  # of a secret; json key, stage and version may follow


class RoleCredentials:
    """Sessions of a task role, in the form of the container credentials endpoint. Blocking."""

    def __init__(self, session: boto3.Session, role_arn: str, session_name: str) -> None:
        self._sts = session.client("sts")
        self._role_arn = role_arn
        self._session_name = session_name
        self._current: dict[str, Any] | None = None
        self._expires_at = datetime.datetime.min.replace(tzinfo=datetime.UTC)
        self.token = secrets.token_urlsafe(24)

    def document(self) -> dict[str, Any]:
        """The credentials, renewed before they expire."""
        if self._current is None or self._stale:
            assumed = self._sts.assume_role(
                RoleArn=self._role_arn, RoleSessionName=self._session_name
            )["Credentials"]
            self._expires_at = assumed["Expiration"]
            self._current = {
                "RoleArn": self._role_arn,
                "AccessKeyId": assumed["AccessKeyId"],
                "SecretAccessKey": assumed["SecretAccessKey"],
                "Token": assumed["SessionToken"],
                "Expiration": self._expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        return self._current

    @property
    def _stale(self) -> bool:
        return datetime.datetime.now(datetime.UTC) > self._expires_at - _RENEW_BEFORE


def secret_values(session: boto3.Session, definition: TaskDefinition) -> dict[str, str]:
    """Read the secrets of a task definition with its execution role. Blocking.

    Raises:
        DeploymentError: a secret can't be read; names it.
    """
    if not definition.secrets:
        return {}
    if definition.execution_role_arn is None:
        raise DeploymentError(f"{definition.revision} has secrets but no execution role.")
    role = session.client("sts").assume_role(
        RoleArn=definition.execution_role_arn, RoleSessionName="ecs-execution"
    )["Credentials"]
    executing = boto3.Session(
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
        region_name=session.region_name,
    )
    values = {}
    for name, source in definition.secrets:
        try:
            values[name] = _value(executing, source)
        except (ClientError, KeyError, ValueError) as error:
            raise DeploymentError(
                f"The secret {name} of {definition.revision} can't be read from {source}: {error}"
            ) from error
    return values


def _value(session: boto3.Session, source: str) -> str:
    if ":secretsmanager:" not in source:
        found = session.client("ssm").get_parameter(Name=source, WithDecryption=True)
        return str(found["Parameter"]["Value"])
    parts = source.split(":")
    key, stage, version = [*parts[_ARN_PARTS:], "", "", ""][:3]
    options: dict[str, str] = {}
    if stage:
        options["VersionStage"] = stage
    if version:
        options["VersionId"] = version
    arn = ":".join(parts[:_ARN_PARTS])
    text: str = session.client("secretsmanager").get_secret_value(SecretId=arn, **options)[
        "SecretString"
    ]
    if not key:
        return text
    members: Mapping[str, Any] = json.loads(text)
    return str(members[key])
