"""The time by which a pipeline runs: a laptop doesn't wait for Monday morning."""

from __future__ import annotations

import datetime


class Clock:
    """Now, plus the waiting that was left out.

    Args:
        now: when it begins; the present by default.
    """

    def __init__(self, now: datetime.datetime | None = None) -> None:
        real = datetime.datetime.now(datetime.UTC)
        self._ahead = (now - real) if now else datetime.timedelta(0)
        self.skipped = datetime.timedelta(0)

    def now(self) -> datetime.datetime:
        """Return the pipeline's time."""
        return datetime.datetime.now(datetime.UTC) + self._ahead

    def skip_to(self, moment: datetime.datetime) -> datetime.timedelta:
        """Go on as if it were `moment`; returns the waiting that this leaves out."""
        wait = max(moment - self.now(), datetime.timedelta(0))
        self._ahead += wait
        self.skipped += wait
        return wait
