"""The demo reads again what a busy machine answers late, and nothing else."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from harness.demo.patience import TRIES, patiently

NOW = {"Retry-After": "0"}


class Busy:
    """Answers that it may work later, a number of times."""

    def __init__(self, times: int, status: int = 503) -> None:
        self.asked = 0
        self._times = times
        self._status = status

    async def send(self) -> httpx.Response:
        self.asked += 1
        return httpx.Response(self._status if self.asked <= self._times else 200, headers=NOW)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_work_later_is_sent_again(status: int) -> None:
    busy = Busy(3, status)
    assert asyncio.run(patiently(busy.send)).status_code == 200
    assert busy.asked == 4


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_other_refusals_are_final(status: int) -> None:
    busy = Busy(1, status)
    assert asyncio.run(patiently(busy.send)).status_code == status


def test_patience_ends() -> None:
    busy = Busy(TRIES)
    assert asyncio.run(patiently(busy.send)).status_code == 503
    assert busy.asked == TRIES
