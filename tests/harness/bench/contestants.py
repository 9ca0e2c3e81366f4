"""Contestants of the plan bench as child processes, and the memory that they take."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

_SAMPLE_SECONDS = 0.05
_PROVIDER = "terraform-prov"
"""How the name of a provider's process begins: Linux cuts it after 15 characters."""


class ContestantError(Exception):
    """A contestant failed, or an assertion doesn't hold: no figure would mean anything."""


@dataclass(frozen=True)
class Memory:
    """Bytes of a process and its descendants, the providers' apart."""

    private: int = 0
    """What would be free again if they ended (USS)."""
    resident: int = 0
    """With what they share, counted once for each of them (RSS)."""
    providers_private: int = 0
    providers: int = 0

    @classmethod
    def of(cls, pid: int) -> Memory:
        """Measure a process and its descendants."""
        return cls.sum(_samples(pid))

    @classmethod
    def sum(cls, processes: Iterable[tuple[str, int, int]]) -> Memory:
        """Add up processes by name, private and resident bytes."""
        known = list(processes)
        providers = [process for process in known if process[0].startswith(_PROVIDER)]
        return cls(
            private=sum(private for _, private, _ in known),
            resident=sum(resident for _, _, resident in known),
            providers_private=sum(private for _, private, _ in providers),
            providers=len(providers),
        )


class Contestant:
    """A child process that plans a case when asked; ends with the context.

    Args:
        command: what to run; it answers as `plan_cases.answer` does.
        environment: all of its environment.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def plan(self, case: str, variation: int = 0) -> float:
        """Plan a case, check all its assertions, and give the seconds that both took.

        Raises:
            ContestantError: it didn't work, or an assertion doesn't hold.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise ContestantError("a contestant has no pipes")
        self._process.stdin.write(json.dumps({"case": case, "variation": variation}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ContestantError(f"{case}: the contestant {self._process.args!r} failed")
        return float(json.loads(line)["seconds"])

    def memory(self) -> Memory:
        """Measure it now."""
        return Memory.of(self._process.pid)

    def peak(self, work: Callable[[], object]) -> Memory:
        """Measure it again and again during some work, and give the largest."""
        seen: list[Memory] = []
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_SAMPLE_SECONDS):
                seen.append(self.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            work()
        finally:
            done.set()
            watcher.join()
        return max(seen, key=lambda memory: memory.private)

    def close(self) -> None:
        """Let it end by itself, and wait for that."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def suite(command: Sequence[str], environment: Mapping[str, str], cases: Iterable[str]) -> float:
    """Run cases in a contestant of their own, and give the seconds from its start to its end."""
    started = time.perf_counter()
    with Contestant(command, environment) as contestant:
        for case in cases:
            contestant.plan(case)
    return time.perf_counter() - started


def each_further(seconds: Sequence[float], number: int) -> float:
    """Give what a plan cost around the `number`-th: the mean of up to ten, never the first."""
    some = seconds[max(1, number - 10) : number]
    return sum(some) / len(some)


def _samples(pid: int) -> Iterator[tuple[str, int, int]]:
    """Yield name, private and resident bytes of a process and its descendants."""
    process = psutil.Process(pid)
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            memory = one.memory_full_info()
            yield one.name(), memory.uss, memory.rss
