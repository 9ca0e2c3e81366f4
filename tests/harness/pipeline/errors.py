"""What keeps a pipeline from being run."""

from __future__ import annotations


class PipelineError(Exception):
    """The pipeline can't be run as it was deployed; says what to change."""


class ActionFailedError(Exception):
    """An action failed; says why, and with which code CodePipeline would tell it."""

    def __init__(self, message: str, *, code: str = "JobFailed") -> None:
        self.code = code
        super().__init__(message)
