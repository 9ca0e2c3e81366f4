"""A stage that works on one environment: its release, its account, its Terraform root."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from promotion import releases
from promotion.accounts import DEPLOY, PLAN, Entered, Organization, enter, wrong_account
from promotion.settings import required
from promotion.signing import KmsKey
from promotion.store import Store
from promotion.terraform import Root

if TYPE_CHECKING:
    from promotion.bundle import Release

HANDED_OVER = "CODEBUILD_SRC_DIR_release"
"""Where CodeBuild puts the pipeline's artifact `release`."""
ENVIRONMENTS = "environments"


def say(line: str) -> None:
    """Tell the build's log what happens."""
    print(line, file=sys.stderr, flush=True)


@dataclass
class Stage:
    """Opened with the release that is promoted; a context manager that removes its files.

    Args:
        environment: name of the environment.
        digest: the release; by default RELEASE_DIGEST.
        directory: where the release lies; by default, RELEASE_DIGEST's as CodeBuild hands it over,
            and any other from the store.
    """

    environment: str
    digest: str = ""
    directory: Path | None = None
    store: Store = field(default_factory=Store.of_environment)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        # Plans and what they are made of hold secrets: nothing of them stays behind.
        self.workdir = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
        try:
            self.release = self._verified()
            self.laid_out = self.workdir / "laid-out"
            self.release.lay_out(self.laid_out)
            self.organization = Organization.read(
                self.laid_out / ENVIRONMENTS / "organization.json"
            )
            self._check_account()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def planner(self) -> Entered:
        """The account, entered as `payments-plan`."""
        return enter(self.organization, self.environment, PLAN)

    @cached_property
    def deployer(self) -> Entered:
        """The account, entered as `payments-deploy` for this release."""
        return enter(self.organization, self.environment, DEPLOY, release=self.release.digest)

    def root(self, entered: Entered) -> Root:
        """Return the environment's root as a role."""
        return Root(self.laid_out / ENVIRONMENTS / self.environment, entered.variables)

    @property
    def plan_key(self) -> KmsKey:
        """The key that signs records of plans."""
        return KmsKey(required("PLAN_KEY"))

    @property
    def variables(self) -> dict[str, Any]:
        """Variables of the root for this release."""
        return {"release_directory": "../../dist"}

    def _verified(self) -> Release:
        digest, directory = self.digest, self.directory
        if not digest:
            digest = required("RELEASE_DIGEST")
            handed_over = os.environ.get(HANDED_OVER)
            directory = directory or (Path(handed_over) if handed_over else None)
        if directory is None:
            directory = self.workdir / "release"
            releases.fetch(self.store, digest, directory)
        return releases.verified(directory, KmsKey(required("RELEASE_KEY")), digest)

    def _check_account(self) -> None:
        told, known = os.environ.get("ACCOUNT_ID"), self.organization.account_of(self.environment)
        if told and told != known:
            raise wrong_account(
                f"the stage is told that {self.environment} is account {told}; the release's "
                f"environments/organization.json says {known}"
            )
