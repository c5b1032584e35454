"""A sender, and receivers that are closed after the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from odzew.clock import FixedClock
from odzew.forward.guard import Guard
from odzew.forward.sender import HttpSender
from tests.forward.receiver import Receiver, Script, TableResolver

Listen = Callable[..., Awaitable[Receiver]]


@pytest.fixture
def resolver() -> TableResolver:
    return TableResolver()


@pytest.fixture
async def sender(clock: FixedClock, resolver: TableResolver) -> AsyncIterator[HttpSender]:
    sender = HttpSender(clock, resolver, Guard())
    yield sender
    await sender.close()


@pytest.fixture
async def listen(sender: HttpSender) -> AsyncIterator[Listen]:
    started: list[Receiver] = []

    async def listen(*scripts: Script) -> Receiver:
        started.append(await Receiver(*scripts).start())
        return started[-1]

    yield listen
    await sender.close()
    for receiver in started:
        await receiver.close()
