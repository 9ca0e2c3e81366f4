"""Reading again while the answer is that it may work later, as a busy machine's is now and then."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

TRIES = 20
_LATER = (429, 502, 503, 504)


async def patiently(send: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Send what changes nothing until it is answered, `TRIES` times at most; give the answer."""
    for _ in range(TRIES - 1):
        response = await send()
        if response.status_code not in _LATER:
            return response
        await asyncio.sleep(int(response.headers.get("Retry-After", "1")))
    return await send()
