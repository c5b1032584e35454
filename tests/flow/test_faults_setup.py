"""A change of the set-up that comes while the database is away is taken over when it is back, though nobody tells of it again."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from odzew.clock import Clock, FixedClock
from odzew.errors import StoreError
from odzew.serve import Server
from odzew.settings import read
from odzew.store.db import Database, MakeUnit
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


class Refuses(Watched):
    """A database that refuses in a way that is not said to pass; or, while it is `away`, one that is away."""

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        await super().read(unit, *args)
        raise StoreError("the set-up cannot be read")


async def test_what_may_pass_is_a_warning_and_what_may_not_an_error_and_both_are_tried_again(house: House) -> None:
    house.server.present._db = refuses = Refuses(house.server.db)
    refuses.away = {"read"}
    with capture_logs() as lines:
        await prepare(house.url, house.place, AFTER)
        await house.passes(lambda: refuses.reads["load"] >= 3)
        refuses.away = set()
        await house.passes(lambda: refuses.reads["load"] >= 6)
        house.server.present._db = house.setup
        await house.passes(lambda: house.accounts() == {"acme", "other"})
    told = [(line["log_level"], line["error"]) for line in lines if line["event"] == "directory_not_read"]
    assert list(dict.fromkeys(told)) == [("warning", "the database is away"), ("error", "the set-up cannot be read")]


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
