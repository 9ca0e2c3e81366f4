"""Where folders are looked for, and what is refused with a sentence instead of a run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]

RECORD = '{"pytest-terraform": 1, "outputs": {}, "resources": {"aws_region": {"at": {"id": "%s"}}}}'


def replay(pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile("from harness.pytest_terraform import terraform\n" + source)
    return pytester.runpytest_inprocess("--tf-replay", *options)


def recorded(folder: Path, what: str) -> None:
    folder.mkdir(parents=True)
    (folder / "tf_resources.json").write_text(RECORD % what, encoding="utf-8")


def test_folders_are_found_in_pytest_terraforms_order(pytester: pytest.Pytester) -> None:
    tests = pytester.mkdir("tests")
    places = {
        "option": pytester.path / "chosen/region",
        "beside": tests / "region",
        "terraform beside": tests / "terraform/region",
        "parent": pytester.path / "region",
        "terraform in parent": pytester.path / "terraform/region",
    }
    (tests / "test_places.py").write_text(
        "import os\n"
        "from harness.pytest_terraform import terraform\n\n"
        '@terraform("region")\n'
        "def test_place(region):\n"
        '    assert region["aws_region.at.id"] == os.environ["EXPECTED"]\n'
    )
    for place in reversed(places):
        recorded(places[place], place)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("EXPECTED", place)
            result = pytester.runpytest_inprocess("--tf-replay", "--tf-mod-dir=chosen", "tests")
        result.assert_outcomes(passed=1)


def test_ini_file_names_the_folder_of_folders(pytester: pytest.Pytester) -> None:
    recorded(pytester.path / "infra/region", "ini")
    pytester.makeini("[pytest]\nterraform-mod-dir = infra\n")
    source = """
@terraform("region")
def test_place(region):
    assert region["at"] == "ini"
"""
    replay(pytester, source).assert_outcomes(passed=1)


def test_missing_folder_fails_its_test_alone(pytester: pytest.Pytester) -> None:
    source = """
@terraform("nowhere")
def test_folder(nowhere): ...

def test_other(): ...
"""
    result = replay(pytester, source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "there is no folder 'nowhere' for @terraform; looked for:",
            f"  - {pytester.path}/nowhere",
            f"  - {pytester.path}/terraform/nowhere",
        ]
    )


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        ('"region"', "scope='session' there and scope='function' here; declare it alike"),
        ('"region", scope="session", teardown="off"', "teardown='on' there and teardown='off'"),
        ('"region", scope="session", replay=False', "replay=None there and replay=False here"),
        ('"other", scope="session", name="region"', "'region' and 'other', share the fixture"),
        ('"region", scope="session", name="aws"', "a fixture 'aws' of its own: give the folder's"),
    ],
)
def test_conflicts_are_refused(pytester: pytest.Pytester, second: str, sentence: str) -> None:
    recorded(pytester.path / "region", "here")
    recorded(pytester.path / "other", "there")
    source = f"""
@terraform("region", scope="session")
def test_first(region): ...

@terraform({second})
def test_second(region): ...
"""
    result = replay(pytester, source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{sentence}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_scopes_are_compared_between_files(pytester: pytest.Pytester) -> None:
    recorded(pytester.path / "region", "here")
    for name, scope in (("test_first", "session"), ("test_second", "module")):
        pytester.makepyfile(
            **{
                name: f"""
                from harness.pytest_terraform import terraform

                @terraform("region", scope="{scope}")
                def test_it(region): ...
                """
            }
        )
    result = pytester.runpytest_inprocess("--tf-replay")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*'region' is declared in test_first.py already: scope='session'*"]
    )


def test_classes_and_wrapped_tests_are_decorated_too(pytester: pytest.Pytester) -> None:
    recorded(pytester.path / "region", "here")
    recorded(pytester.path / "town", "there")
    source = """
from unittest.mock import patch

@terraform("region")
class TestRegion:
    def test_it(self, region):
        assert region["at"] == "here"

@terraform("town")
@patch("os.getcwd")
def test_wrapped(_, town):
    assert town["at"] == "there"
"""
    result = replay(pytester, source, "-m", "terraform", "--strict-markers")
    result.assert_outcomes(passed=2)


@pytest.fixture
def with_the_package(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Install something that registers what pytest-terraform registers."""
    distribution = pytester.mkdir("site")
    (distribution / "pytest_terraform").mkdir()
    (distribution / "pytest_terraform/plugin.py").write_text(
        "def pytest_addoption(parser):\n"
        '    parser.addoption("--tf-replay", action="store_true", dest="dest_tf_replay")\n'
        '    parser.addini("terraform-mod-dir", "Parent Directory")\n'
    )
    information = distribution / "pytest_terraform-0.7.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Name: pytest-terraform\nVersion: 0.7.0\n")
    (information / "entry_points.txt").write_text("[pytest11]\nterraform=pytest_terraform.plugin\n")
    monkeypatch.setenv("PYTHONPATH", str(distribution), prepend=":")
    recorded(pytester.path / "region", "here")
    pytester.makepyfile(
        test_theirs="def test_it(): ...",
        test_ours="""
        from harness.pytest_terraform import terraform

        @terraform("region")
        def test_it(region): ...
        """,
    )
    return pytester


def test_package_beside_us_disturbs_only_who_uses_both(with_the_package: pytest.Pytester) -> None:
    quick = [f"-pno:{plugin}" for plugin in ("hypothesispytest", "schemathesis")]
    command = [sys.executable, "-m", "pytest", "--tf-replay", *quick]
    both = with_the_package.run(*command, "--continue-on-collection-errors")
    both.assert_outcomes(passed=1, errors=1)
    both.stdout.fnmatch_lines(["pytest-terraform is installed beside the harness,*no:terraform*"])
    ours = with_the_package.run(*command, "-pno:terraform")
    ours.assert_outcomes(passed=2)
