"""The bench's command: what it's told reaches what it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from harness import cli

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_yardstick_is_found_from_every_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "environment").write_text("")
    (tmp_path / "python").symlink_to(tmp_path / "environment")
    monkeypatch.chdir(tmp_path)
    asked: list[Path | None] = []

    def measurements(yardstick: Path | None) -> dict[Any, Any]:
        asked.append(yardstick)
        return {}

    monkeypatch.setattr(cli, "measurements", measurements)
    result = CliRunner().invoke(cli.app, ["bench", "--yardstick", "python"])
    assert result.exit_code == 0, result.output
    assert asked == [tmp_path / "python"]


def test_a_yardstick_that_is_not_there_is_refused() -> None:
    result = CliRunner().invoke(cli.app, ["bench", "--yardstick", "nowhere/python"])
    assert result.exit_code == 2
    assert "nowhere/python" in result.output
