"""Examples in pages: which are found, what their directives say, and how they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.testing.examples import ExampleError, examples_of
from testing_plans.samples import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Project = Callable[[Mapping[str, str]], pytest.Pytester]

CALL = """module "box" {
  source = "github.com/example/boxes//modules/box?ref=v1.2.3"
  name   = "abc"
}
"""
PAGE = (
    """# box

```hcl
not = "under an example heading"
```

## Example

<!-- tftest modules=1 resources=1 terraform_data=1 inventory=box.yaml var.size=3 apply -->

```hcl
"""
    + CALL
    + """```

A fragment:

<!-- tftest skip -->
```hcl
canary = {}
```

```sh
make it
```

### Another

<!-- tftest resources=2 var.title=words -->
```hcl
# two
```

## Inputs

```hcl
anything = "goes"
```
"""
)
TESTS = """
import pytest

@pytest.mark.examples("modules/*/README.md")
def test_example(example, plan_example):
    example.check(plan_example(example))
"""


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], Path]:
    def page(text: str) -> Path:
        write(tmp_path, {"README.md": text})
        return tmp_path / "README.md"

    return page


def directed(directive: str) -> str:
    return f"## Example\n{directive}\n```hcl\n{CALL}```\n"


def test_examples_are_found_with_what_is_said_of_them(page: Callable[[str], Path]) -> None:
    path = page(PAGE)
    first, second = examples_of(path)
    assert first.line == PAGE.splitlines().index('module "box" {')
    assert first.text == CALL
    assert first.counts == {"modules": 1, "resources": 1, "terraform_data": 1}
    assert first.inventory == path.parent / "box.yaml"
    assert first.variables == {"size": 3}
    assert first.applies
    assert (second.counts, second.variables) == ({"resources": 2}, {"title": "words"})
    assert second.inventory is None
    assert not second.applies


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"## Example\n```hcl\n{CALL}```\n",
            r"README.md:2: the example has no directive\. Write .*"
            r"<!-- tftest modules=1 resources=3 -->, or <!-- tftest skip -->",
        ),
        (directed("<!-- tftest modlues=1 -->"), "README.md:2: unknown word 'modlues=1'"),
        (directed("<!-- tftest modules=one -->"), "unknown word 'modules=one'"),
        (directed("<!-- tftest modules=1 skip -->"), "unknown word 'skip'"),
        (directed("<!-- tftest apply -->"), "README.md:2: the directive says nothing about the"),
        ("<!-- tftest modules=1 -->\ntext\n", "README.md:1: after a tftest directive comes"),
        ("<!-- tftest modules=1 -->\n", "README.md:1: after a tftest directive comes"),
        ("<!-- tftest modules=1 -->\n```sh\nls\n```\n", "README.md:1: after a tftest directive"),
    ],
)
def test_what_is_unclear_is_told_with_its_line(
    page: Callable[[str], Path], text: str, words: str
) -> None:
    with pytest.raises(ExampleError, match=words):
        examples_of(page(text))


@pytest.mark.parametrize(
    "source",
    [
        "github.com/example/boxes//modules/box?ref=v1.2.3",
        "git::https://github.com/example/boxes.git//modules/box?ref=v1.2.3",
        "github.com/example/boxes//modules/box",
    ],
)
def test_published_sources_are_this_repositorys(
    page: Callable[[str], Path], tmp_path: Path, source: str
) -> None:
    (tmp_path / "modules/box").mkdir(parents=True)
    text = f'## Example\n<!-- tftest modules=1 -->\n```hcl\nsource = "{source}"\n```\n'
    (example,) = examples_of(page(text))
    example.write(tmp_path / "out", tmp_path, {"dist": tmp_path})
    assert (tmp_path / "out/example.tf").read_text() == 'source = "./modules/box"\n'
    assert (tmp_path / "out/modules/box").is_dir()
    assert (tmp_path / "out/dist").resolve() == tmp_path


def test_a_source_that_is_not_here_is_told(page: Callable[[str], Path], tmp_path: Path) -> None:
    (example,) = examples_of(page(directed("<!-- tftest modules=1 -->")))
    with pytest.raises(ExampleError, match="has no directory modules/box in this repository"):
        example.write(tmp_path / "out", tmp_path, {})


def test_every_example_is_a_test_of_its_own(project: Project) -> None:
    good = directed("<!-- tftest modules=1 resources=1 -->")
    here = project(
        {
            "test_pages.py": TESTS,
            "modules/box/README.md": good,
            "modules/other/README.md": good.replace("resources=1", "resources=2") + good,
        }
    )
    result = here.runpytest_inprocess("-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_example[[]modules/box/README.md:3[]] PASSED*",
            "*test_example[[]modules/other/README.md:3[]] FAILED*",
            "*test_example[[]modules/other/README.md:11[]] PASSED*",
            "*modules/other/README.md:3: counts aren't as expected",
        ]
    )


def test_an_inventory_lies_beside_its_page(project: Project) -> None:
    here = project(
        {
            "test_pages.py": TESTS,
            "modules/box/README.md": directed("<!-- tftest inventory=box.yaml -->"),
        }
    )
    here.runpytest_inprocess("--tf-update-inventory").assert_outcomes(passed=1)
    inventory = here.path / "modules/box/box.yaml"
    assert "module.box.terraform_data.box" in inventory.read_text()
    inventory.write_text(inventory.read_text().replace("abc", "xyz"))
    here.runpytest_inprocess().assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("## Example\n```hcl\n```\n", "*modules/box/README.md:2: the example has no directive*"),
        ("# No example\n", "*modules/box/README.md has no example*"),
    ],
)
def test_a_page_that_is_unclear_is_an_error_of_collection(
    project: Project, page: str, words: str
) -> None:
    here = project({"test_pages.py": TESTS, "modules/box/README.md": page})
    result = here.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_an_example_fixture_of_ones_own_is_left_alone(project: Project) -> None:
    tests = """
import pytest

@pytest.fixture
def example():
    return 1

def test_it(example):
    assert example == 1
"""
    project({"test_own.py": tests}).runpytest_inprocess().assert_outcomes(passed=1)
