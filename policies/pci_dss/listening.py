"""Everything that checkov's checks answer, what its reports leave out too: the undecided.

Needs checkov.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

os.environ.setdefault("CHECKOV_CHECK_FAIL_LEVEL", "DEBUG")  # a check that crashes is a record here

from checkov.terraform.checks.data.registry import data_registry
from checkov.terraform.checks.resource.registry import resource_registry
from checkov.terraform.checks.utils.base_cloudsplaining_iam_scanner import (
    BaseTerraformCloudsplainingIAMScanner,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkov.common.models.enums import CheckResult


@dataclass(frozen=True)
class Answer:
    """What a check said of a resource."""

    check: Any
    """checkov's object."""
    address: str
    file: str
    """As checkov calls it; of a plan, the plan's."""
    result: CheckResult
    read: tuple[str, ...] = ()
    """Paths that it says it evaluated, in checkov's notation; of checks on single resources."""
    crashed: bool = False


Listener = Callable[[Answer], None]


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hear the checks on single resources and data sources."""

    def overheard(run_check: Any) -> Any:
        def run(
            check: Any, conf: dict[str, Any], name: str, kind: str, file: str, skip: Any
        ) -> Any:
            # Kept by name without the module: policies of two modules would get one answer.
            BaseTerraformCloudsplainingIAMScanner.policy_document_cache.clear()
            answer = run_check(check, conf, name, kind, file, skip)
            crashed = "check" in answer  # so the registry marks what it caught
            read = tuple(answer["evaluated_keys"])
            listener(Answer(check, conf["__address__"], file, answer["result"], read, crashed))
            return answer

        return run

    registries = (resource_registry, data_registry)
    for registry in registries:
        registry.run_check = overheard(registry.run_check)
    try:
        yield
    finally:
        for registry in registries:
            del registry.run_check


def overheard_runner(runner: type[Any], listener: Listener) -> Any:
    """Make a runner of checkov whose checks on the graph are heard too."""

    class Overheard(runner):  # type: ignore[misc]  # one of checkov's runners
        def run_graph_checks_results(self, *args: Any, **options: Any) -> Any:
            results = super().run_graph_checks_results(*args, **options)
            for check, answers in results.items():
                for answer in answers:
                    entity = answer["entity"]
                    listener(
                        Answer(
                            check,
                            entity["__address__"],
                            entity["file_path_"],
                            answer["result"],
                        )
                    )
            return results

    return Overheard()
