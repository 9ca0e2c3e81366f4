"""Sets of protocols and ports, with the algebra that rules need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Range = tuple[int, int]

LAST_PORT = 65535
ANSWER_PORTS: Range = (1024, LAST_PORT)
"""Where answers arrive: load balancers, NAT gateways and functions use all of these."""

_PROTOCOLS = ("tcp", "udp", "icmp", "other")
_WITH_PORTS = ("tcp", "udp")
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmp", "icmpv6": "icmp"}


@dataclass(frozen=True)
class Traffic:
    """What may pass: by protocol, ranges of ports in order that neither meet nor overlap."""

    ranges: tuple[tuple[str, tuple[Range, ...]], ...] = ()

    @classmethod
    def nothing(cls) -> Traffic:
        """Nothing at all."""
        return cls()

    @classmethod
    def everything(cls) -> Traffic:
        """Every protocol and port."""
        return cls._of({protocol: [(0, LAST_PORT)] for protocol in _PROTOCOLS})

    @classmethod
    def tcp(cls, *ports: int | Range) -> Traffic:
        """Some ports of TCP."""
        ranges = [(port, port) if isinstance(port, int) else port for port in ports]
        return cls._of({"tcp": ranges})

    @classmethod
    def of_rule(cls, protocol: str, first: int | None, last: int | None) -> Traffic:
        """Read protocol and ports as rules of groups and network ACLs have them."""
        if protocol in ("-1", "all"):
            return cls.everything()
        name = _NUMBERS.get(protocol, protocol)
        if name not in _WITH_PORTS:
            name = name if name in _PROTOCOLS else "other"
            return cls._of({name: [(0, LAST_PORT)]})
        return cls._of({name: [(first or 0, LAST_PORT if last is None else last)]})

    @classmethod
    def _of(cls, ranges: Mapping[str, Iterable[Range]]) -> Traffic:
        merged = ((protocol, _merged(ranges[protocol])) for protocol in sorted(ranges))
        return cls(tuple((protocol, found) for protocol, found in merged if found))

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __or__(self, other: Traffic) -> Traffic:
        mine, theirs = dict(self.ranges), dict(other.ranges)
        names = mine.keys() | theirs.keys()
        return self._of({name: (*mine.get(name, ()), *theirs.get(name, ())) for name in names})

    def __and__(self, other: Traffic) -> Traffic:
        theirs = dict(other.ranges)
        return self._of(
            {
                name: [
                    (max(a[0], b[0]), min(a[1], b[1])) for a in ranges for b in theirs.get(name, ())
                ]
                for name, ranges in self.ranges
            }
        )

    def __sub__(self, other: Traffic) -> Traffic:
        return self & other.complement()

    def complement(self) -> Traffic:
        """All that this isn't."""
        mine = dict(self.ranges)
        return self._of({name: _gaps(mine.get(name, ())) for name in _PROTOCOLS})

    def covers(self, other: Traffic) -> bool:
        """Whether all of the other is in this."""
        return not other - self

    def answered_by(self, answers: Traffic) -> Traffic:
        """Keep what can be answered where a network ACL lets only `answers` pass."""
        open_for_answers = dict(answers.ranges)
        kept = {}
        for name, ranges in self.ranges:
            wanted = ANSWER_PORTS if name in _WITH_PORTS else (0, LAST_PORT)
            if any(a <= wanted[0] and wanted[1] <= b for a, b in open_for_answers.get(name, ())):
                kept[name] = ranges
        return self._of(kept)

    def __str__(self) -> str:
        if self == Traffic.everything():
            return "everything"
        shown = [
            f"{name} {','.join(_show(each) for each in ranges)}"
            if name in _WITH_PORTS
            else f"{name}"
            for name, ranges in self.ranges
        ]
        return "; ".join(shown) or "nothing"


def _merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if first > last:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _gaps(ranges: Iterable[Range]) -> list[Range]:
    gaps, free = [], 0
    for first, last in ranges:
        gaps.append((free, first - 1))
        free = last + 1
    return [*gaps, (free, LAST_PORT)]


def _show(ports: Range) -> str:
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"
