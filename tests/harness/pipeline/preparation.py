"""The accounts that a pipeline needs: organization, archive, bootstrap everywhere, and tooling.

All of it is what operators apply before there is a pipeline, by the same roots; only the
organization's own root isn't, since ids and delegations are all that is needed of it here.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from harness.known_organization import found_organization
from harness.pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from harness.platform import Platform

PIPELINE = "payments-delivery"
TOOLING, ARCHIVE = "tooling", "log-archive"
WORKLOADS = ("dev", "qa", "integration", "production")
_DESTINATION = "payments-logs-production"
_LOOK_SECONDS = 0.5


class Preparation:
    """Prepares accounts at once where they don't wait for each other; a context manager.

    Args:
        platform: started; its roots are applied.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._pool = ThreadPoolExecutor(3)
        self._begun: dict[str, Future[object]] = {}

    def __enter__(self) -> Preparation:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def workloads(self) -> Mapping[str, str]:
        """The accounts that a release is promoted through, in their order."""
        return {name: self._platform.accounts[name] for name in WORKLOADS}

    def deploy_pipeline(self) -> None:
        """Apply what the pipeline needs, and return once there is a pipeline.

        As on AWS, where a pipeline begins as soon as it is made, what was applied with it may take
        a while longer: buckets' life cycles settle for a minute. Workloads are prepared meanwhile.
        """
        platform = self._platform
        found_organization(platform.aws, platform.accounts)
        self._begun["archive"] = self._pool.submit(self._apply_archive)
        self._begun["workloads"] = self._pool.submit(platform.apply_bootstrap, *WORKLOADS)
        platform.apply_bootstrap(TOOLING)
        self._wait_for(self._has_destination, "archive")
        self._begun["tooling"] = self._pool.submit(platform.apply_organization, TOOLING)
        self._wait_for(self._has_pipeline, "tooling")

    def finish(self) -> None:
        """Wait for everything else, before the first workload is planned."""
        for future in self._begun.values():
            future.result()

    def _wait_for(self, is_there: Callable[[], bool], begun: str) -> None:
        """Wait for a part of what an apply makes, or for the apply's failure.

        Raises:
            PipelineError: the apply has ended without it.
        """
        while not is_there():
            if self._begun[begun].done():
                self._begun[begun].result()
                if not is_there():
                    raise PipelineError(f"what {begun} applies lacks what comes next")
            time.sleep(_LOOK_SECONDS)

    def _has_destination(self) -> bool:
        """Whether tooling's logs have somewhere to go; the archive's buckets take longer."""
        logs = self._platform.aws.client("logs", self._platform.accounts[ARCHIVE])
        told = logs.describe_destinations(DestinationNamePrefix=_DESTINATION)
        return any(each.get("accessPolicy") for each in told["destinations"])

    def _has_pipeline(self) -> bool:
        pipelines = self._platform.aws.client("codepipeline", self._platform.accounts[TOOLING])
        return any(each["name"] == PIPELINE for each in pipelines.list_pipelines()["pipelines"])

    def _apply_archive(self) -> object:
        self._platform.apply_bootstrap(ARCHIVE)
        return self._platform.apply_organization(ARCHIVE)
