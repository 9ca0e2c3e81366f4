"""A Dockerfile read as data, and its image's files made in a folder without an image builder."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILE = ".dockerignore"
_CONTINUED = re.compile(r"\\\n")


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """HEALTHCHECK: what is run, and when. Times in seconds."""

    command: tuple[str, ...]
    interval: float
    timeout: float
    start_period: float
    retries: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What follows one FROM."""

    name: str
    base: str
    instructions: tuple[tuple[str, str], ...]


class Dockerfile:
    """The instructions of a file; what the image says of itself is the last stage's."""

    def __init__(self, path: Path) -> None:
        self.stages: list[Stage] = []
        for keyword, argument in _instructions(path.read_text(encoding="utf-8")):
            if keyword == "FROM":
                base, _, name = argument.partition(" AS ")
                self.stages.append(Stage(name or str(len(self.stages)), base, ()))
            elif self.stages:
                last = self.stages.pop()
                followed = (*last.instructions, (keyword, argument))
                self.stages.append(Stage(last.name, last.base, followed))

    @property
    def command(self) -> list[str]:
        """CMD in exec form.

        Raises:
            ValueError: it needs a shell.
        """
        return _exec_form(self._one("CMD"))

    @property
    def user(self) -> str:
        """USER."""
        return self._one("USER")

    @property
    def port(self) -> int:
        """EXPOSE."""
        return int(self._one("EXPOSE"))

    @property
    def environment(self) -> dict[str, str]:
        """ENV."""
        return self._pairs("ENV")

    @property
    def labels(self) -> dict[str, str]:
        """LABEL."""
        return self._pairs("LABEL")

    @property
    def health_check(self) -> HealthCheck:
        """HEALTHCHECK."""
        options, _, command = self._one("HEALTHCHECK").partition("CMD ")
        given = dict(option.removeprefix("--").split("=") for option in options.split())
        return HealthCheck(
            command=tuple(_exec_form(command)),
            interval=float(given["interval"].removesuffix("s")),
            timeout=float(given["timeout"].removesuffix("s")),
            start_period=float(given["start-period"].removesuffix("s")),
            retries=int(given["retries"]),
        )

    def sources(self) -> set[str]:
        """What it copies from the context."""
        return {
            source
            for stage in self.stages
            for source, _, origin in _copies(stage)
            if origin is None
        }

    def make(self, context: Path, folder: Path) -> Path:
        """Carry COPY and RUN out, absolute paths below `folder`; give the last stage's root.

        Raises:
            FileNotFoundError: COPY names what the context lacks or ``.dockerignore`` leaves out.
            subprocess.CalledProcessError: a RUN failed.
        """
        roots: dict[str, Path] = {}
        ignored = Ignored(context)
        for stage in self.stages:
            root = roots[stage.name] = folder / stage.name
            root.mkdir(parents=True)
            copies = iter(_copies(stage))
            for keyword, argument in stage.instructions:
                if keyword == "RUN":
                    script = re.sub(r"(?<![\w.:])/(?=\w)", f"{root}/", argument)
                    _run(script, root)
                elif keyword == "COPY":
                    source, target, origin = next(copies)
                    to = root / target.lstrip("/")
                    if origin is None:
                        ignored.copy(source, to)
                    else:
                        shutil.copytree(roots[origin] / source.lstrip("/"), to, symlinks=True)
        return roots[self.stages[-1].name]

    def _all(self, keyword: str) -> list[str]:
        return [argument for name, argument in self.stages[-1].instructions if name == keyword]

    def _one(self, keyword: str) -> str:
        (argument,) = self._all(keyword)
        return argument

    def _pairs(self, keyword: str) -> dict[str, str]:
        words = [word for argument in self._all(keyword) for word in shlex.split(argument)]
        return dict(word.split("=", 1) for word in words)


class Ignored:
    """What ``.dockerignore`` leaves out of a build's context; the last matching line decides."""

    def __init__(self, context: Path) -> None:
        self._context = context
        lines = (context / IGNORE_FILE).read_text(encoding="utf-8").splitlines()
        self._rules = [
            (not line.startswith("!"), _pattern(line.removeprefix("!")))
            for line in lines
            if line and not line.startswith("#")
        ]

    def holds(self, path: Path) -> bool:
        """Whether a file of the context is left out."""
        name = path.relative_to(self._context).as_posix()
        left_out = False
        for leaves_out, pattern in self._rules:
            if pattern.match(name):
                left_out = leaves_out
        return left_out

    def copy(self, source: str, target: Path) -> None:
        """Copy a file, or a folder's files, into an image.

        Raises:
            FileNotFoundError: there is none.
        """
        at = self._context / source
        files = [at] if at.is_file() else [path for path in at.rglob("*") if path.is_file()]
        taken = [path for path in files if not self.holds(path)]
        if not taken:
            raise FileNotFoundError(f"the context has no {source}; see {IGNORE_FILE}")
        for path in taken:
            to = target / path.relative_to(at)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)


def _run(script: str, root: Path) -> None:
    """Run a script as in a base image whose Python is this one."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    subprocess.run(["/bin/sh", "-ec", script], check=True, cwd=root, env=environment)  # noqa: S603 - our own Dockerfile


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = _CONTINUED.sub(" ", "\n".join(lines))
    return [
        (keyword.upper(), " ".join(argument.split()) if keyword != "LABEL" else argument)
        for keyword, _, argument in (line.partition(" ") for line in joined.splitlines())
    ]


def _copies(stage: Stage) -> list[tuple[str, str, str | None]]:
    """Source, target and the stage it comes from, of each COPY."""
    copies: list[tuple[str, str, str | None]] = []
    for keyword, argument in stage.instructions:
        if keyword == "COPY":
            *options, source, target = argument.split()
            origins = [option.removeprefix("--from=") for option in options]
            copies.append((source, target, origins[0] if origins else None))
    return copies


def _exec_form(argument: str) -> list[str]:
    if not argument.startswith("["):
        raise ValueError(f"{argument} needs a shell; write it as a JSON list")
    command: list[str] = json.loads(argument)
    return command


def _pattern(line: str) -> re.Pattern[str]:
    """As Docker matches: from the context's root, and all below what matches."""
    escaped = re.escape(line.rstrip("/"))
    regex = escaped.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(rf"{regex}(?:/.*)?\Z")
