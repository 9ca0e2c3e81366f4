"""Every relative link of the documentation leads somewhere, and every `make` target exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from house_rules.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^\s*(```|~~~)")
_CODE_SPAN = re.compile(r"(`+)(.+?)\1")
_LINK = re.compile(r"\]\(<?([^)<>\s]+)>?(?:\s+\"[^\"]*\")?\)|^\s*\[[^\]]+\]:\s*(\S+)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")
_COMMENT = re.compile(r"(^|\s)#.*")
_MAKE = re.compile(r"(?<![\w./-])make\s+([a-z][a-z-]*)")
_TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)


def files_of(repository: Path) -> frozenset[Path]:
    """Give what a clean clone has, with what is about to be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = (repository / name for name in listed.split("\0") if name)
    return frozenset(path for path in paths if path.is_file())


def lines_of(text: str) -> Iterator[tuple[int, str, bool]]:
    """Give each line with its number, and whether it is code; the fences are left out."""
    code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            code = not code
        else:
            yield number, line, code


def anchors_of(text: str) -> frozenset[str]:
    """Name the headings as GitHub does in addresses."""
    headings = (_HEADING.match(line) for _, line, code in lines_of(text) if not code)
    plain = (_NOT_IN_ANCHORS.sub("", heading[1].lower()) for heading in headings if heading)
    return frozenset(heading.replace(" ", "-") for heading in plain)


def dead_links(page: Path, files: frozenset[Path]) -> Iterator[Finding]:
    """Yield the relative links to what no clean clone has, and to headings that aren't there."""
    places = files | {parent for file in files for parent in file.parents}
    for number, line, code in lines_of(page.read_text(encoding="utf-8")):
        if code:
            continue
        for found in _LINK.finditer(_CODE_SPAN.sub("", line)):
            link = found[1] or found[2]
            if _SCHEME.match(link):
                continue
            path, _, anchor = unquote(link).partition("#")
            target = (page.parent / path).resolve() if path else page
            if target not in places:
                yield Finding(page, number, f"the link {link} leads nowhere", "mend it")
            elif (
                anchor
                and target.suffix == ".md"
                and anchor not in anchors_of(target.read_text(encoding="utf-8"))
            ):
                yield Finding(page, number, f"{link} names no heading of its page", "mend it")


def unknown_targets(page: Path, targets: frozenset[str]) -> Iterator[Finding]:
    """Yield the `make` targets that code of the page names and the Makefile doesn't have."""
    for number, line, code in lines_of(page.read_text(encoding="utf-8")):
        spans = [line] if code else [span[2] for span in _CODE_SPAN.finditer(line)]
        for span in spans:
            for target in _MAKE.findall(_COMMENT.sub("", span)):
                if target not in targets:
                    yield Finding(page, number, f"there is no `make {target}`", "name one there is")


def targets_of(makefile: str) -> frozenset[str]:
    """Name the targets that have a rule; `.PHONY` alone makes none."""
    return frozenset(_TARGET.findall(makefile))


FILES = files_of(REPOSITORY)
PAGES = sorted(path for path in FILES if path.suffix == ".md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_page_holds_true(page: Path) -> None:
    targets = targets_of((REPOSITORY / "Makefile").read_text(encoding="utf-8"))
    findings = [*dead_links(page, FILES), *unknown_targets(page, targets)]
    assert not findings, "\n".join(map(str, findings))


def test_there_are_pages_to_judge() -> None:
    assert REPOSITORY / "README.md" in PAGES
    assert REPOSITORY / "docs/development.md" in PAGES
    assert {"demo", "test", "lint"} <= targets_of((REPOSITORY / "Makefile").read_text())


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "docs/page.md"
    path.parent.mkdir()
    (tmp_path / "README.md").write_text("# Pay, twice\n\n```sh\n# no heading\n```\n")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "[a](missing.md)",
        "see [b](../README.md) and [c](../LICENSE)",
        "[d](../README.md#pay)",
        "[e](../README.md#no-heading)",
        "[f](#here)",
        "![g](picture.png)",
        "[h]: missing.md",
        "[i](../../outside.md)",
    ],
)
def test_a_dead_link_is_found(page: Path, text: str) -> None:
    page.write_text(f"# Page\n{text}\n")
    (finding,) = dead_links(page, frozenset({page, page.parents[1] / "README.md"}))
    assert finding.line == 2


def test_what_only_this_machine_has_is_no_target(page: Path) -> None:
    page.write_text("[a](../README.md)\n")
    assert list(dead_links(page, frozenset({page})))


@pytest.mark.parametrize(
    "text",
    [
        "[a](../README.md), [b](../README.md#pay-twice), [c](#page), [d](..)",
        "[e](https://example.com/missing.md) and [f](mailto:nobody@example.com)",
        "`[g](missing.md)`",
        "```text\n[h](missing.md)\n```",
    ],
)
def test_what_leads_somewhere_passes(page: Path, text: str) -> None:
    page.write_text(f"# Page\n{text}\n")
    assert not list(dead_links(page, frozenset({page, page.parents[1] / "README.md"})))


@pytest.mark.parametrize(
    "text",
    ["run `make docs`", "```sh\nPYTHON=python3 make docs\n```", "``make docs INPUT=x``"],
)
def test_an_unknown_target_is_found(page: Path, text: str) -> None:
    page.write_text(text)
    targets = targets_of(".PHONY: docs test\ndocs := pages\ntest: lint\n\techo\n")
    assert [found.problem for found in unknown_targets(page, targets)] == [
        "there is no `make docs`"
    ]


@pytest.mark.parametrize(
    "text",
    ["make sure to `make test`", "```sh\nmake test   # make sure\n```", "`cmake docs`"],
)
def test_known_targets_pass(page: Path, text: str) -> None:
    page.write_text(text)
    assert not list(unknown_targets(page, frozenset({"test"})))
