"""Examples in pages as tests: each `hcl` block under a heading "Example" is planned as it stands.

A directive in a comment just before the block, invisible when rendered, says what to expect:

    <!-- tftest modules=1 resources=3 inventory=example.yaml apply -->

| Word | Meaning |
|---|---|
| `modules=N`, `resources=N`, `<type>=N` | how many there are in all, or of a type of resources |
| `inventory=PATH` | the plan matches this inventory; the path is relative to the page |
| `var.NAME=VALUE` | value of a variable that the example leaves open, as JSON or plain text |
| `apply` | tests that apply examples apply this one |
| `skip` | a fragment, which Terraform can't plan; stands alone |

A test that takes the fixture `example` runs once for each example of the pages that it is marked
with:

    @pytest.mark.examples("modules/*/README.md")
    def test_example(example, plan_example):
        example.check(plan_example(example))
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.testing.planned import PlannedRoot
    from harness.testing.workbench import Planner

_MARK = "examples"
_DIRECTIVE = re.compile(r"\s*<!--\s*tftest\b(.*?)-->\s*$")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*(\w*)")
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_EXAMPLE_HEADING = re.compile(r"Examples?\b", re.IGNORECASE)
_RESOURCE_TYPE = re.compile(r"[a-z0-9]+_[a-z0-9_]+$")
_TOTALS = ("modules", "resources")
_PUBLISHED = re.compile(
    r'"(?:git::)?(?:https://)?github\.com/[^/"]+/[^/"]+?(?:\.git)?//([^?"]+)(?:\?[^"]*)?"'
)


class ExampleError(ValueError):
    """An example or directive that can't be understood; says page, line and what to write."""


@dataclass(frozen=True)
class Example:
    """One `hcl` block of a page, with what its directive says."""

    page: Path
    line: int
    """Where the block's fence stands."""
    text: str
    counts: Mapping[str, int] = field(default_factory=dict)
    inventory: Path | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    applies: bool = False

    def write(self, directory: Path, root: Path, surroundings: Mapping[str, Path]) -> None:
        """Write the example as a configuration, whose published sources are those in `root`.

        `surroundings` are linked beside it by name: what a reader of the page would have there.

        Raises:
            ExampleError: the repository has no directory that a published source names.
        """
        directory.mkdir(parents=True)
        links = dict(surroundings)

        def local(source: re.Match[str]) -> str:
            if not (root / source[1]).is_dir():
                raise ExampleError(
                    f"{self.page}:{self.line}: the source {source[0]} has no directory"
                    f" {source[1]} in this repository"
                )
            top = Path(source[1]).parts[0]
            links.setdefault(top, root / top)
            return f'"./{source[1]}"'

        text = _PUBLISHED.sub(local, self.text)
        (directory / "example.tf").write_text(text, encoding="utf-8")
        for name, target in links.items():
            (directory / name).symlink_to(target)

    def check(self, planned: PlannedRoot) -> PlannedRoot:
        """Compare a plan with what the directive says.

        Raises:
            ExpectationError: the counts or the inventory differ.
        """
        __tracebackhide__ = True
        planned.expect_counts(exhaustive=False, **self.counts)
        return planned.matches(self.inventory) if self.inventory else planned


class ExamplePlanner(Protocol):
    """The fixture `plan_example`: plans an example of a page."""

    def __call__(self, example: Example | str) -> PlannedRoot:
        """Return the plan of an example, or of the only one of a page."""


def examples_of(page: Path) -> tuple[Example, ...]:
    """Return the examples of a page, but for those to skip.

    Raises:
        ExampleError: a directive is missing, unknown or without a block.
    """
    return tuple(example for example in _examples(page) if example)


def _examples(page: Path) -> Iterator[Example | None]:
    lines = page.read_text(encoding="utf-8").splitlines()
    directive: tuple[int, str] | None = None
    level, index = 0, 0
    while index < len(lines):
        line, number = lines[index], index + 1
        fence = _FENCE.match(line)
        if found := _DIRECTIVE.match(line):
            directive = (number, found[1])
        elif fence:
            end = _end_of_block(lines, index, fence[1])
            if directive or (level and fence[2] == "hcl"):
                block = "\n".join(lines[index + 1 : end]) + "\n"
                yield _example(page, number, fence[2], block, directive)
            directive, index = None, end
        elif directive and line.strip():
            raise ExampleError(
                f"{page}:{directive[0]}: after a tftest directive comes a ```hcl block"
            )
        elif heading := _HEADING.match(line):
            level = _level_within(level, heading)
        index += 1
    if directive:
        raise ExampleError(f"{page}:{directive[0]}: after a tftest directive comes a ```hcl block")


def _level_within(level: int, heading: re.Match[str]) -> int:
    """Return the level of the heading "Example" that is in force after another heading, or 0."""
    depth = len(heading[1])
    if _EXAMPLE_HEADING.match(heading[2]):
        return min(level, depth) or depth
    return level if level and depth > level else 0


def _end_of_block(lines: list[str], start: int, fence: str) -> int:
    for index in range(start + 1, len(lines)):
        if lines[index].strip().startswith(fence) and not lines[index].strip(" `~"):
            return index
    return len(lines)


def _example(
    page: Path, line: int, language: str, text: str, directive: tuple[int, str] | None
) -> Example | None:
    if directive is None:
        raise ExampleError(
            f"{page}:{line}: the example has no directive. Write what it makes on the line before"
            " it, such as <!-- tftest modules=1 resources=3 -->, or <!-- tftest skip --> if it is"
            " a fragment"
        )
    number, words = directive
    if language != "hcl":
        raise ExampleError(f"{page}:{number}: after a tftest directive comes a ```hcl block")
    if words.split() == ["skip"]:
        return None
    counts: dict[str, int] = {}
    variables: dict[str, Any] = {}
    inventory, applies = None, False
    for word in words.split():
        name, given, value = word.partition("=")
        if word == "apply":
            applies = True
        elif name == "inventory" and value:
            inventory = page.parent / value
        elif name.startswith("var.") and given:
            variables[name.removeprefix("var.")] = _json_or_text(value)
        elif (name in _TOTALS or _RESOURCE_TYPE.match(name)) and value.isdecimal():
            counts[name] = int(value)
        else:
            raise ExampleError(
                f"{page}:{number}: unknown word {word!r} in a tftest directive. It takes modules=N,"
                " resources=N, <type>=N, inventory=PATH, var.NAME=VALUE and apply, or skip alone"
            )
    if not counts and not inventory:
        raise ExampleError(
            f"{page}:{number}: the directive says nothing about the plan: add modules=N,"
            " resources=N or inventory=PATH"
        )
    return Example(page, line, text, counts, inventory, variables, applies)


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers", f"{_MARK}(page, ...): run for each example of these pages (patterns are allowed)"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `example` once for each one of its pages."""
    patterns = [page for mark in metafunc.definition.iter_markers(_MARK) for page in mark.args]
    if "example" not in metafunc.fixturenames or not patterns:
        return
    root = metafunc.config.rootpath
    try:
        found = [example for pattern in patterns for example in _examples_of_pages(root, pattern)]
    except ExampleError as error:
        raise pytest.Collector.CollectError(str(error)) from None
    ids = [f"{example.page.relative_to(root).as_posix()}:{example.line}" for example in found]
    metafunc.parametrize("example", found, ids=ids)


def _examples_of_pages(root: Path, pattern: str) -> Iterator[Example]:
    pages = sorted(root.glob(pattern))
    if not pages:
        raise ExampleError(f"there is no page {pattern}")
    for page in pages:
        found = examples_of(page)
        if not found:
            raise ExampleError(f'{page} has no example: add a ```hcl block under "## Example"')
        yield from found


@pytest.fixture(scope="session")
def example_surroundings() -> Mapping[str, Path]:
    """What lies beside an example by name, such as a release; a conftest may say more."""
    return {}


@pytest.fixture(scope="session")
def plan_example(
    plan: Planner,
    example_surroundings: Mapping[str, Path],
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> ExamplePlanner:
    """Plan an example of a page with the variables of its directive."""
    directories: dict[tuple[Path, int], Path] = {}

    def plan_example(example: Example | str) -> PlannedRoot:
        if isinstance(example, str):
            example = _only_one(pytestconfig.rootpath / example)
        place = (example.page, example.line)
        if place not in directories:
            directory = tmp_path_factory.mktemp("examples") / example.page.parent.name
            example.write(directory, pytestconfig.rootpath, example_surroundings)
            directories[place] = directory
        planned = plan(directories[place], example.variables)
        page = example.page.relative_to(pytestconfig.rootpath).as_posix()
        return replace(planned, label=f"{page}:{example.line}")

    return plan_example


def _only_one(page: Path) -> Example:
    found = examples_of(page)
    if len(found) != 1:
        raise ExampleError(f"{page} has {len(found)} examples; pass the one that is meant")
    return found[0]
