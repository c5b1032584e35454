"""An inbox over a real database, and what a test looks up afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from odzew.clock import Clock
from odzew.inbox.batch import Received
from odzew.inbox.receive import LIMITS, Inbox, Limits
from odzew.model import Arrival, Message, Receipt
from odzew.store import messages
from odzew.store.db import Database, Request, Rows, statement
from odzew.store.directory import Present


@dataclass
class House:
    """One process that receives. `told` is what its listener heard of."""

    db: Database
    present: Present
    limits: Limits = LIMITS
    ours: Callable[[int], bool] = lambda target: True
    clock: Clock | None = None
    told: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.db, self.present, self.told.append, "PL", self.ours, self.limits, self.clock)

    async def receive(self, *arrivals: Arrival) -> list[Receipt]:
        return await self.inbox.receive(list(arrivals))

    async def message(self, receipt: Receipt) -> Message:
        """The message of a receipt, as it is stored."""
        assert receipt.message_id is not None
        found: dict[int, Message] = await self.db.read(messages.get, [receipt.message_id])
        return found[receipt.message_id]

    async def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the database holds, as plain tuples."""
        return [
            tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
            for row in await self.db.read(statement, sql, *parameters)
        ]

    async def count(self, table: str) -> int:
        ((number,),) = await self.rows(f"SELECT count(*) FROM {table}")
        return int(number)


class Held:
    """A real database whose writes wait until it is opened, so that what comes in meanwhile becomes one batch."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.opened = asyncio.Event()
        self.entered = asyncio.Event()
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, unit: Any, *args: Any) -> Any:
        self.writes += 1
        self.entered.set()
        await self.opened.wait()
        return await self._db.write(unit, *args)


async def turn() -> None:
    """Lets every task that can go on do so once."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_soon(passed.set)
    await passed.wait()


async def started(*calls: Any) -> list[asyncio.Future[Any]]:
    """The calls as tasks that have begun."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    await turn()
    return tasks


def halting(unit: Any, reached: asyncio.Event, go_on: asyncio.Event, at: Callable[[Request], bool]) -> Any:
    """The unit, which stops after such a request, with its locks held, until it may go on."""

    def run(*args: Any) -> Generator[Request, Any, Any]:
        inner, answer = unit(*args), None
        try:
            while True:
                request = inner.send(answer)
                answer = yield request
                if at(request):
                    reached.set()
                    while not go_on.is_set():
                        yield Rows("SELECT 1")
        except StopIteration as end:
            return end.value

    return run


async def until_it_waits(dsn: str, call: asyncio.Future[Any]) -> None:
    """Until the call waits for a lock that another one holds (PostgreSQL)."""
    admin = await asyncpg.connect(dsn)
    try:
        while not call.done() and not await admin.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"):
            continue
    finally:
        await admin.close()
