"""Deployed function versions: configuration, code and credentials, read through the AWS API."""

from __future__ import annotations

import base64
import datetime
import hashlib
import importlib.metadata
import io
import json
import os
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from harness.runtime.invocation import InvokeRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import boto3

# What Lambda's Python runtime brings along; functions see nothing else of this machine.
RUNTIME_DISTRIBUTIONS = (
    "awslambdaric",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot-restore-py",
    "urllib3",
)
_RENEW_BEFORE = datetime.timedelta(minutes=5)


class DeploymentError(Exception):
    """A deployed function can't be started here; says what to change."""


@dataclass(frozen=True)
class FunctionVersion:
    """One version of a function as deployed. ``timeout`` in seconds, ``memory`` in MiB."""

    name: str
    arn: str
    version: str
    runtime: str
    handler: str
    role_arn: str
    timeout: float
    memory: int
    variables: Mapping[str, str]
    log_group: str
    log_format: str
    log_level: str | None
    code_sha256: str
    code: Path
    reserved: int | None
    in_vpc: bool

    @property
    def unqualified_arn(self) -> str:
        """The ARN without version."""
        return ":".join(self.arn.split(":")[:7])

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever workers of this version must be replaced."""
        settings = {name: str(value) for name, value in vars(self).items() if name != "reserved"}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Environment:
    """All variables of a worker. They hold credentials of the role until ``expires_at``."""

    variables: Mapping[str, str]
    expires_at: datetime.datetime

    @property
    def stale(self) -> bool:
        """Whether the worker should be replaced by one with newer credentials."""
        return datetime.datetime.now(datetime.UTC) > self.expires_at - _RENEW_BEFORE


class FunctionReader:
    """Reads functions of one account and keeps their unpacked code under ``directory``.

    Args:
        surroundings: gives more variables of workers inside the VPC (True) or outside, which
            functions can't override.
    """

    def __init__(
        self,
        session: boto3.Session,
        endpoint_url: str,
        directory: Path,
        surroundings: Callable[[bool], Mapping[str, str]],
    ) -> None:
        self._surroundings = surroundings
        self._lambda = session.client("lambda")
        self._sts = session.client("sts")
        self._region = session.region_name
        self._endpoint_url = endpoint_url
        self._code = directory / "code"
        self._runtime = directory / "runtime"
        self._code.mkdir()
        _link_runtime(self._runtime)

    def version(self, name: str, version: str) -> FunctionVersion:
        """Read one published version, or ``$LATEST``.

        Raises:
            InvokeRefused: there is no such function or version.
            DeploymentError: its code can't be had or isn't Python.
        """
        try:
            found = self._lambda.get_function(FunctionName=name, Qualifier=version)
        except self._lambda.exceptions.ResourceNotFoundException as error:
            raise InvokeRefused(
                "ResourceNotFoundException", f"Function not found: {name}:{version}"
            ) from error
        configuration: Mapping[str, Any] = found["Configuration"]
        if not configuration["Runtime"].startswith("python"):
            raise DeploymentError(
                f"{name} has the runtime {configuration['Runtime']}; only Python runs locally."
            )
        logging = configuration.get("LoggingConfig", {})
        return FunctionVersion(
            name=configuration["FunctionName"],
            arn=configuration["FunctionArn"],
            version=configuration["Version"],
            runtime=configuration["Runtime"],
            handler=configuration["Handler"],
            role_arn=configuration["Role"],
            timeout=float(configuration.get("Timeout", 3)),
            memory=configuration.get("MemorySize", 128),
            variables=configuration.get("Environment", {}).get("Variables", {}),
            log_group=logging.get("LogGroup") or f"/aws/lambda/{name}",
            log_format=logging.get("LogFormat", "Text"),
            log_level=logging.get("ApplicationLogLevel"),
            code_sha256=configuration["CodeSha256"],
            code=self._unpacked(name, found["Code"]["Location"], configuration["CodeSha256"]),
            reserved=found.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            in_vpc=bool(configuration.get("VpcConfig", {}).get("SubnetIds")),
        )

    def alias_weights(self, name: str, qualifier: str | None) -> dict[str, float]:
        """The versions that a qualifier stands for, with weights that sum to 1.

        Raises:
            InvokeRefused: there is no such alias.
        """
        if qualifier is None or qualifier == "$LATEST" or qualifier.isdigit():
            return {qualifier or "$LATEST": 1.0}
        try:
            alias = self._lambda.get_alias(FunctionName=name, Name=qualifier)
        except self._lambda.exceptions.ResourceNotFoundException as error:
            raise InvokeRefused(
                "ResourceNotFoundException", f"Cannot find alias {name}:{qualifier}"
            ) from error
        weights = dict(alias.get("RoutingConfig", {}).get("AdditionalVersionWeights") or {})
        return {alias["FunctionVersion"]: 1.0 - sum(weights.values()), **weights}

    def policy(self, name: str, qualifier: str | None) -> str | None:
        """The resource policy of a function, version or alias, as JSON."""
        arguments = {} if qualifier is None else {"Qualifier": qualifier}
        try:
            return self._lambda.get_policy(FunctionName=name, **arguments)["Policy"]
        except self._lambda.exceptions.ResourceNotFoundException:
            return None

    def environment(self, function: FunctionVersion) -> Environment:
        """Assume the function's role and list the variables that Lambda sets."""
        keys = self._sts.assume_role(RoleArn=function.role_arn, RoleSessionName=function.name[:64])[
            "Credentials"
        ]
        variables = {
            **function.variables,
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": f"{function.code}{os.pathsep}{self._runtime}",
            "LAMBDA_TASK_ROOT": str(function.code),
            "LAMBDA_RUNTIME_DIR": str(self._runtime),
            "_HANDLER": function.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_FORMAT": function.log_format,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_ENDPOINT_URL": self._endpoint_url,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._surroundings(function.in_vpc),
        }
        if function.log_level:
            variables["AWS_LAMBDA_LOG_LEVEL"] = function.log_level
        return Environment(variables, keys["Expiration"])

    def _unpacked(self, name: str, location: str, sha256: str) -> Path:
        target = self._code / hashlib.sha256(sha256.encode()).hexdigest()[:16]
        if target.exists():
            return target
        archive = _download(name, location)
        actual = base64.b64encode(hashlib.sha256(archive).digest()).decode()
        if actual != sha256:
            raise DeploymentError(
                f"The code of {name} has SHA-256 {actual}, deployed was {sha256}."
            )
        partial = target.with_suffix(".partial")
        with zipfile.ZipFile(io.BytesIO(archive)) as contents:
            contents.extractall(partial)
        return partial.rename(target)


def _download(name: str, location: str) -> bytes:
    try:
        response = httpx.get(location, timeout=30)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise DeploymentError(
            f"The code of {name} can't be downloaded from {location}: {error}"
        ) from error
    return response.content


def _link_runtime(directory: Path) -> None:
    directory.mkdir()
    for distribution in RUNTIME_DISTRIBUTIONS:
        for file in importlib.metadata.files(distribution) or ():
            name = file.parts[0]
            link = directory / name
            if name != ".." and not link.exists():
                site_packages = Path(str(file.locate())).parents[len(file.parts) - 1]
                link.symlink_to(site_packages / name)
