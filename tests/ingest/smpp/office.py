"""Binds and carriers on a real database with the real inbox behind them, as a server process has them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Generator
from typing import Any, ClassVar

from odzew.clock import FixedClock
from odzew.errors import StoreUnavailable
from odzew.inbox.receive import Inbox
from odzew.ingest.smpp.bind import Bind, BindState, Surroundings
from odzew.ingest.smpp.carriers import Carriers
from odzew.ingest.smpp.options import SmppOptions
from odzew.store.changes import bump
from odzew.store.db import Database, Request, Rows, statement
from odzew.store.directory import Present
from odzew.wire.coding import Reading
from tests.ingest.smpp.peer import turn, until
from tests.ingest.smpp.rig import Shelf, a_source

SECRET = {"SMPP_PASSWORD": "hidden"}


class Away:
    """A database that can be away: then every write is refused as temporary, or hangs. It knows what is on its way to it."""

    under_way: ClassVar[int] = 0  # writes of all of them

    def __init__(self, db: Database) -> None:
        self._db = db
        self.away = self.hangs = False
        self.units: list[str] = []  # the names of the units that were tried

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, unit: Callable[..., Any], *args: Any) -> Any:
        self.units.append(getattr(unit, "__name__", ""))
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.away:
            raise StoreUnavailable("the database is away")
        Away.under_way += 1
        try:
            return await self._db.write(unit, *args)
        finally:
            Away.under_way -= 1


async def idle() -> None:
    """Waits until nothing happens any more by itself: time may pass, and no database is late by the test's clock."""
    quiet = 0
    while quiet < 40:
        quiet = 0 if Away.under_way else quiet + 1
        await turn()


async def moving(clock: FixedClock, work: Coroutine[Any, Any, Any], seconds: float = 0.25) -> Any:
    """Does `work` while the time goes on."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await idle()
        if not task.done():
            clock.advance(seconds)
    return task.result()


class Held:
    """One bind that runs, with a shelf or an inbox behind it."""

    def __init__(self, db: Any, clock: FixedClock, addresses: list[str], **options: Any) -> None:
        self.shelf = Shelf()
        self.clock = clock
        source = a_source(addresses, **options)
        around = Surroundings(db, clock, self.shelf.bring, "here", SECRET)
        self.bind = Bind(source, 0, SmppOptions.of(source), Reading.of(source.options), around)
        self.task = asyncio.ensure_future(self.bind.run())
        self.bind.allow()

    @property
    def state(self) -> BindState:
        return self.bind.state()

    async def comes_to(self, phase: str) -> None:
        await until(lambda: self.state.phase == phase)

    async def stop(self) -> None:
        await moving(self.clock, self.bind.stop(self.task, 5.0))


def put_source(name: str, active: bool = True, protocol: str = "smpp", **options: Any) -> Generator[Request, Any, None]:
    """Adds a source, or changes it."""
    yield Rows(
        """INSERT INTO sources (name, protocol, token_sha256, allow_from, trust_time, active, options) VALUES (?, ?, NULL, '[]', 0, ?, ?)
           ON CONFLICT (name) DO UPDATE SET active = excluded.active, options = excluded.options""",
        (name, protocol, int(active), json.dumps(options)),
    )
    yield from bump("directory")


def drop_source(name: str) -> Generator[Request, Any, None]:
    yield Rows("DELETE FROM sources WHERE name = ?", (name,))
    yield from bump("directory")


class Office:
    """A process: its inbox, its directory, its carriers."""

    def __init__(self, db: Database, clock: FixedClock, process: str = "here") -> None:
        self.away = Away(db)
        self.db: Any = self.away
        self.clock = clock
        self.present = Present(self.db)
        self.inbox = Inbox(self.db, self.present, lambda received: None, clock=clock)
        self.carriers = Carriers(self.db, clock, lambda: self.present.directory, self.inbox.bring, process, SECRET)

    async def open(self) -> Office:
        await self.present.refresh()
        await self.carriers.start()
        return self

    async def change(self, unit: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Writes to the directory and lets the carriers follow."""
        await self.db.write(lambda: unit(*args, **options))
        await self.follow()

    async def follow(self) -> None:
        await self.present.refresh()
        self.carriers.follow()

    def phases(self) -> list[tuple[str, int, str]]:
        return [(state.source, state.slot, state.phase) for state in self.carriers.states()]

    def bound(self) -> int:
        return sum(state.phase == "bound" for state in self.carriers.states())

    async def close(self) -> None:
        await moving(self.clock, self.carriers.stop(5.0))
        await self.inbox.close()


async def rows(db: Database, sql: str) -> list[tuple[Any, ...]]:
    """What is stored."""
    return [tuple(row) for row in await db.read(statement, sql)]
