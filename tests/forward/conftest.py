"""A sender, and receivers that are closed after the test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import uvloop

from odzew.clock import FixedClock
from odzew.forward.guard import Guard
from odzew.forward.sender import HttpSender
from odzew.store.db import Database
from tests.forward.builders import Gateway
from tests.forward.client import Client
from tests.forward.receiver import Receiver, Script, TableResolver

Listen = Callable[..., Awaitable[Receiver]]
Open = Callable[..., Awaitable[Gateway]]
Loops = Mapping[str, Callable[[], asyncio.AbstractEventLoop]]


def pytest_asyncio_loop_factories(item: pytest.Item) -> Loops:
    """The senders run on both event loops: they differ in what a closed or paused socket does."""
    loops: Loops = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return loops if item.path.name.startswith(("test_sender", "test_mail")) else {"asyncio": asyncio.new_event_loop}


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

    async def listen(*scripts: Script, tls: ssl.SSLContext | None = None) -> Receiver:
        started.append(await Receiver(*scripts).start(tls))
        return started[-1]

    yield listen
    await sender.close()
    for receiver in started:
        await receiver.close()


@pytest.fixture
async def gateway(db: Database, clock: FixedClock) -> AsyncIterator[Open]:
    """Starts processes that forward, on each database engine; stopped after the test."""
    started: list[Gateway] = []

    async def start(**rest: object) -> Gateway:
        started.append(await Gateway(db, clock, **rest).start())  # type: ignore[arg-type]  # passed on as it is
        return started[-1]

    yield start
    for one in started:
        await one.stop()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = await Client().start()
    yield client
    await client.stop()
