"""What the flow tests stand on: real server processes, which are gone when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from odzew.clock import Clock
from proof.server import Server

Start = Callable[..., Awaitable[Server]]


@pytest.fixture
def real_clock() -> Clock:
    """The machine's clock: the processes under test have no other. Used for deadlines, never to judge how long something took."""
    return Clock()


@pytest.fixture
async def start(real_clock: Clock) -> AsyncIterator[Start]:
    """Starts a server on a database; whatever still runs after the test is killed."""
    started: list[Server] = []

    async def start(url: str, **options: Any) -> Server:
        started.append(Server(url, real_clock, **options))
        return await started[-1].start()

    yield start
    for server in started:
        await server.kill()
