"""The fixture `applied` in runs of pytest: what begins when, and what a run says at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.testing.applies import pytest_terraform_group

if TYPE_CHECKING:
    from collections.abc import Callable

TOPIC = """
variable "name" {
  type = string
}

resource "aws_sns_topic" "alarms" {
  name = var.name

  lifecycle {
    postcondition {
      condition     = self.name != "refused"
      error_message = "This name is refused."
    }
  }
}
"""
BEGUN_AHEAD = """
import time

def begun(aws, name):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        bodies = aws.client("sns", "555555555555").list_topics()["Topics"]
        if any(topic["TopicArn"].endswith(":" + name) for topic in bodies):
            return True
        time.sleep(0.1)
    return False

def test_what_the_group_declares_has_begun(aws):
    assert begun(aws, "declared-here")
    assert begun(aws, "declared-there")
    assert len(aws.client("sns", "555555555555").list_topics()["Topics"]) == 2
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, lean: tuple[str, ...]) -> Callable[..., pytest.RunResult]:
    """Run files of tests beside a module of a topic, in a process with an AWS of its own."""

    def run(*options: str, **files: str) -> pytest.RunResult:
        pytester.makefile(".tf", **{"modules/topic/main": TOPIC})
        pytester.makepyfile(**files)
        return pytester.runpytest_subprocess(*lean, *options)

    return run


def test_what_a_group_declares_begins_with_its_first_test(
    suite: Callable[..., pytest.RunResult],
) -> None:
    result = suite(
        "-k",
        "not left_out",
        "--tf-waits",
        conftest="""
            def pytest_terraform_group(item):
                return "all"
            """,
        test_a=BEGUN_AHEAD,
        test_b="""
            from harness.testing import applied_fixture

            here = applied_fixture("modules/topic", name="declared-here")
            there = applied_fixture("modules/topic", {"name": "declared-there"})
            left_out = applied_fixture("modules/topic", name="left-out")

            def test_here(here):
                here.one("aws_sns_topic").expect(name="declared-here")
                here.assert_idempotent()

            def test_once(here, applied, aws):
                assert applied("modules/topic", name="declared-here") is here

            def test_there(there):
                assert there.resources["aws_sns_topic.alarms"]["name"] == "declared-there"

            def test_left_out(left_out):
                pass
            """,
    )
    result.assert_outcomes(passed=4, deselected=1)
    result.stdout.re_match_lines(
        [r" +\d+ +2 +aws_sns_topic create ", r" +\d+ +2 +aws_sns_topic delete "]
    )


def test_what_is_left_or_failed_unheard_is_an_error_at_the_end(
    suite: Callable[..., pytest.RunResult],
) -> None:
    result = suite(
        test_leaves="""
            import pytest
            from harness.testing import applied_fixture

            refused = applied_fixture("modules/topic", name="refused")

            def test_leaves(applied, aws):
                applied("modules/topic", name="alarms")
                aws.client("logs", "666666666666").create_log_group(logGroupName="forgotten")

            @pytest.mark.skip
            def test_never_asks(refused):
                pass
            """,
    )
    result.assert_outcomes(passed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of *",
            "applied modules/topic, which no test came to ask for: terraform apply failed*",
            "*This name is refused.",
            "left behind after everything was destroyed:",
            "  666666666666 eu-west-1 logs groups: forgotten",
        ]
    )
    result.stdout.no_fnmatch_line("*sns topics*")


def test_a_wrong_declaration_is_told_to_its_test_alone(
    suite: Callable[..., pytest.RunResult],
) -> None:
    result = suite(
        test_wrong="""
            from harness.testing import applied_fixture

            wrong = applied_fixture("modules/topic", nam="alarms")
            missing = applied_fixture("modules/topics", name="alarms")

            def test_wrong(wrong):
                pass

            def test_missing(missing):
                pass

            def test_something_else():
                pass
            """,
    )
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*declares no variable 'nam' (did you mean 'name'?)*"])
    result.stdout.fnmatch_lines(["*there is no directory *modules/topics*"])


def test_an_interrupted_run_destroys_nothing(suite: Callable[..., pytest.RunResult]) -> None:
    result = suite(
        "--tf-waits",
        test_interrupted="""
            def test_interrupted(applied):
                applied("modules/topic", name="alarms")
                raise KeyboardInterrupt
            """,
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["* aws_sns_topic create *"])
    result.stdout.no_fnmatch_line("* aws_sns_topic delete *")


def test_tests_that_apply_are_marked(pytester: pytest.Pytester) -> None:
    items, _ = pytester.inline_genitems(
        pytester.makepyfile(
            """
            from harness.testing import applied_fixture

            topic = applied_fixture("modules/topic")

            def test_direct(applied): pass
            def test_declared(topic): pass
            def test_neither(): pass
            """
        )
    )
    marked = {item.name for item in items if item.get_closest_marker("apply")}
    assert marked == {"test_direct", "test_declared"}


def test_a_group_is_a_file_unless_xdist_is_told_otherwise(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(
        """
        import pytest

        def test_plain(): pass

        @pytest.mark.xdist_group("roots")
        def test_grouped(): pass
        """
    )
    plain, grouped = pytester.getitems(path.read_text())
    assert pytest_terraform_group(plain) == str(plain.path)
    assert pytest_terraform_group(grouped) == "roots"
