"""CodePipeline: when pipelines were made, as clients of its protocol read it."""

from __future__ import annotations

from moto.codepipeline.models import CodePipeline
from moto.core.utils import unix_time

from harness.aws.supplement.registry import mend

_PIPELINES = mend(
    "codepipeline:GetPipeline",
    reason="tells times as text, where the protocol has numbers",
    observed="aws_codepipeline failed to apply: expected Timestamp to be a JSON Number",
)


def _metadata(self: CodePipeline) -> dict[str, str | float]:
    return {
        "pipelineArn": self._arn,
        "created": unix_time(self._created),
        "updated": unix_time(self._updated),
    }


_PIPELINES.instead(CodePipeline, "metadata")(
    property(_metadata)  # type: ignore[arg-type]  # where a property was
)
