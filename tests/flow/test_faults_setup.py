"""A change of the set-up that comes while the database is away is taken over when it is back, though nobody tells of it again."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import structlog

from odzew.clock import Clock, FixedClock
from odzew.serve import Server
from odzew.settings import read
from odzew.store.db import Database
from odzew.store.engines import open_database
from odzew.store.target_states import TargetState, resume, save
from proof.stand import prepare
from tests.forward.builders import Watched
from tests.forward.inline import turn

BEFORE = '[[account]]\nname = "acme"\n[[account.forward]]\nfor = "sms"\nurl = "http://192.0.2.1/"\n'
AFTER = '[[account]]\nname = "other"\n'


class House:
    """A server whose reads of the set-up, and of how targets do, can be cut off; and somebody who changes it beside the server."""

    def __init__(self, url: str, place: Path) -> None:
        self.url, self.place = url, place
        self.clock = FixedClock(Clock().now())
        self.server = Server(read({"db": url, "listen": ["127.0.0.1:0"]}, {}), self.clock, {})
        self.beside: Database = open_database(url, self.clock)

    async def start(self) -> None:
        await self.server.start()
        self.setup, self.states = Watched(self.server.db), Watched(self.server.db)
        self.server.present._db, self.server.health._db = self.setup, self.states

    async def passes(self, happened: Callable[[], bool]) -> None:
        """Lets up to a minute pass until something has happened."""
        for _ in range(120):
            self.clock.advance(0.5)
            for _ in range(100):
                await turn()
            if happened():
                return
        raise AssertionError("what was waited for did not happen")

    def accounts(self) -> set[str]:
        return {account.name for account in self.server.present.directory.accounts.values()}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    url = f"sqlite:///{tmp_path / 'odzew.db'}"
    await prepare(url, tmp_path, BEFORE)
    house = House(url, tmp_path)
    await house.start()
    yield house
    await house.beside.close()
    await house.server.stop()
    structlog.configure(**before)
    logging.getLogger().handlers = handlers


async def test_the_set_up(house: House) -> None:
    house.setup.away = {"read"}
    await prepare(house.url, house.place, AFTER)
    await house.passes(lambda: house.setup.reads["load"] >= 3)
    assert house.accounts() == {"acme"}
    house.setup.away = set()
    await house.passes(lambda: house.accounts() == {"acme", "other"})


async def test_the_end_of_a_pause(house: House) -> None:
    await house.beside.write(save, [TargetState(1, 1, 50, 6, None, 2, "dns", 3, "failing")])
    await house.passes(lambda: house.server.health.is_paused(1))
    house.states.away = {"read"}
    tried = house.states.reads["states"]
    await house.beside.write(resume, 1)
    await house.passes(lambda: house.states.reads["states"] >= tried + 3)
    assert house.server.health.is_paused(1)
    house.states.away = set()
    await house.passes(lambda: not house.server.health.is_paused(1))
