"""What is left in the account when a folder's scope ends, or its apply fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.pytest_terraform import ACCOUNT_ID

if TYPE_CHECKING:
    from harness.aws import EmbeddedAWS

pytest_plugins = ["pytester"]

PARAMETER = """
resource "aws_ssm_parameter" "{name}" {{
  name  = "/{parameter}"
  type  = "String"
  value = "here"
  {more}
}}
"""


@pytest.fixture
def elsewhere(
    pytester: pytest.Pytester, aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """A repository whose conftest directs folders to an account of its choice: to ours."""
    pytester.makeconftest(
        """
        import os
        import pytest

        @pytest.fixture(scope="session")
        def terraform_environment():
            return {name: value for name, value in os.environ.items() if name[:4] == "AWS_"}
        """
    )
    for name, value in aws.environment(ACCOUNT_ID).items():
        monkeypatch.setenv(name, value)
    return pytester


def run(pytester: pytest.Pytester, hcl: str, teardown: str) -> pytest.RunResult:
    pytester.mkdir("folder").joinpath("main.tf").write_text(hcl, encoding="utf-8")
    pytester.makepyfile(
        f"""
        from harness.pytest_terraform import terraform

        @terraform("folder", teardown={teardown})
        def test_parameter(folder):
            assert folder["aws_ssm_parameter.first.value"] == "here"
        """
    )
    return pytester.runpytest_inprocess()


def parameters(aws: EmbeddedAWS) -> set[str]:
    ssm = aws.client("ssm", ACCOUNT_ID)
    return {found["Name"] for found in ssm.describe_parameters()["Parameters"]}


@pytest.mark.parametrize(
    ("teardown", "more", "outcomes", "stays"),
    [
        ("terraform.TEARDOWN_DEFAULT", "", {"passed": 1}, False),
        ("terraform.TEARDOWN_OFF", "", {"passed": 1}, True),
        ("terraform.TEARDOWN_ON", "lifecycle { prevent_destroy = true }", {"errors": 1}, True),
        ("terraform.TEARDOWN_IGNORE", "lifecycle { prevent_destroy = true }", {"passed": 1}, True),
    ],
)
def test_modes(
    elsewhere: pytest.Pytester,
    aws: EmbeddedAWS,
    teardown: str,
    more: str,
    outcomes: dict[str, int],
    stays: bool,
) -> None:
    hcl = PARAMETER.format(name="first", parameter=teardown, more=more)
    run(elsewhere, hcl, teardown).assert_outcomes(**{"passed": 1} | outcomes)
    assert (f"/{teardown}" in parameters(aws)) is stays


def test_failed_apply_is_taken_down(elsewhere: pytest.Pytester, aws: EmbeddedAWS) -> None:
    first = PARAMETER.format(name="first", parameter="taken", more="")
    second = PARAMETER.format(
        name="second", parameter="taken", more="depends_on = [aws_ssm_parameter.first]"
    )
    result = run(elsewhere, first + second, "'on'")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*terraform apply failed*", "*ParameterAlreadyExists*"])
    assert "/taken" not in parameters(aws)
