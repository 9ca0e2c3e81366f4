"""Sessions of the roles that CodePipeline and CodeBuild work as, if those trust them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from harness.aws import access
from harness.pipeline.errors import PipelineError

if TYPE_CHECKING:
    import boto3

    from harness.aws import EmbeddedAWS

BUILDS, PIPELINES = "codebuild.amazonaws.com", "codepipeline.amazonaws.com"


class ServiceSessions:
    """Assumes roles as a service does: only one that trusts it for the resource at hand."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        self._aws = aws
        self._lock = threading.Lock()

    def of(self, service: str, role_arn: str, source_arn: str, name: str) -> boto3.Session:
        """Assume a role for a service.

        Args:
            service: such as `codebuild.amazonaws.com`.
            role_arn: the role.
            source_arn: the project or pipeline that the service works for.
            name: the session's name.

        Raises:
            PipelineError: there is no such role, or it doesn't trust the service.
        """
        if access.assume(role_arn, [service], source_arn) is None:
            raise PipelineError(f"{role_arn} can't be assumed by {service} for {source_arn}")
        with self._lock:
            return self._aws.session(role_arn.split(":")[4], role_arn.partition("/")[2], name)

    def chained(self, session: boto3.Session, role_arn: str, name: str) -> boto3.Session:
        """Go on from a session into a role that trusts it, in whatever account."""
        assumed = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)
        credentials = assumed["Credentials"]
        return self._aws.session_of(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        )
