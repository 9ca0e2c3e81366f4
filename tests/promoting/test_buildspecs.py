"""Buildspecs are short and only call scripts, and what they call exists."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from promotion import commands, exported

PIPELINE = Path(__file__).resolve().parents[2] / ".pipeline"
SPECS = sorted((PIPELINE / "buildspecs").glob("*.yml"))
STAGES = {
    *("verify", "build", "dev", "qa", "integration", "prod-plan", "prod-approve"),
    *("prod-deploy", "prod-shift", "record", "drift"),
}
EXPORTED = {
    "build": {"RELEASE_DIGEST", "RELEASE_VERSION"},
    "prod-plan": {"PLAN_SHA256", "PLAN_CHANGES", "PLAN_SUMMARY", "PLAN_EXPIRES_AT"},
}
LONGEST = 20


def test_each_stage_has_one() -> None:
    assert {spec.stem for spec in SPECS} == STAGES


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_it_is_short_and_calls_scripts_alone(spec: Path) -> None:
    text = spec.read_text()
    assert len(text.splitlines()) < LONGEST
    document: dict[str, Any] = yaml.safe_load(text)
    assert document["version"] == 0.2
    # post_build also runs when build failed.
    assert set(document["phases"]) == {"install", "build"}
    for phase in document["phases"].values():
        for command in phase["commands"]:
            _check(shlex.split(command))
    told = set(document.get("env", {}).get("exported-variables", ()))
    assert told == EXPORTED.get(spec.stem, set())


def _check(words: list[str]) -> None:
    if words[0] == ".":
        assert words == [".", "./build/variables"]
        return
    script = PIPELINE.parent / words[0]
    assert os.access(script, os.X_OK), f"{words[0]} can't be run"
    if script.name == "promotion":
        assert words[1] in commands.names()


@pytest.mark.parametrize("script", sorted((PIPELINE / "bin").iterdir()), ids=lambda one: one.name)
def test_a_script_is_shell_that_stops_at_errors(script: Path) -> None:
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert "set -eu" in lines
    subprocess.run(["sh", "-n", str(script)], check=True)


def test_the_command_line_is_the_checkouts() -> None:
    done = subprocess.run(
        [PIPELINE / "bin" / "promotion", "budget"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "prod-shift" in done.stdout


def test_variables_survive_the_shell(tmp_path: Path) -> None:
    file = tmp_path / "variables"
    exported.write(file, PLAN_SUMMARY="+3 ~2 -0", ODD="it's $HOME; `x`")
    done = subprocess.run(
        ["sh", "-c", f'. {file}; printf "%s|%s" "$PLAN_SUMMARY" "$ODD"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "+3 ~2 -0|it's $HOME; `x`"
