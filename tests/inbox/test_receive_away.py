"""A store that is away: nothing half-stored, everybody told to try again, and then it goes on. And a process that is killed."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from odzew.clock import FixedClock
from odzew.errors import StoreError, StoreFull, StoreUnavailable
from odzew.store.db import Database, statement
from odzew.store.engines import open_database
from odzew.store.sqlite import SqliteDatabase
from tests.inbox.directory import a_target, an_arrival, set_up
from tests.inbox.house import House, started


@pytest.fixture
async def on_sqlite(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    """One that does not wait for locks of others."""
    db = SqliteDatabase(str(tmp_path / "odzew.db"), clock, busy_ms=1)
    await db.migrate()
    house = House(db, await set_up(db, a_target()))
    yield house
    await house.inbox.close()
    await db.close()


async def test_a_locked_file(on_sqlite: House, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "odzew.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await both_refused(on_sqlite) == [StoreUnavailable] * 2
    other.execute("ROLLBACK")
    other.close()
    await goes_on(on_sqlite)


async def test_a_full_disk(on_sqlite: House) -> None:
    ((pages,),) = await on_sqlite.rows("PRAGMA page_count")
    await on_sqlite.db.write(statement, f"PRAGMA max_page_count = {pages}")
    assert await both_refused(on_sqlite, b"x" * 100_000) == [StoreFull] * 2
    await on_sqlite.db.write(statement, "PRAGMA max_page_count = 100000")
    await goes_on(on_sqlite)


async def test_a_server_that_ends_its_connections(pg_database: str, clock: FixedClock) -> None:
    db = open_database(pg_database, clock, fixed=True)
    await db.migrate()
    house = House(db, await set_up(db, a_target()))
    admin = await asyncpg.connect(pg_database)
    try:
        async with admin.transaction():
            await admin.execute("LOCK TABLE deliveries")  # where the transaction stops half-way: its messages are written
            calls = await started(*(house.receive(an_arrival(ref=ref)) for ref in "ab"))
            blocked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            while not (pids := await admin.fetch(blocked)):
                continue
            await admin.execute("SELECT pg_terminate_backend($1)", pids[0][0])
            ended = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(end) for end in ended] == [StoreUnavailable] * 2
        await goes_on(house)
    finally:
        await admin.close()
        await house.inbox.close()
        await db.close()


async def both_refused(house: House, raw: bytes = b"raw") -> list[type[Any]]:
    """How two callers end, and that nothing of them is stored."""
    calls = await started(*(house.receive(an_arrival(ref=ref, raw=raw), an_arrival(ref=ref + "2", raw=raw)) for ref in "ab"))
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(end, StoreError) and end.temporary for end in ended)
    return [type(end) for end in ended]


async def goes_on(house: House) -> None:
    for table in ("arrivals", "messages", "deliveries", "owed"):
        assert await house.count(table) == 0
    receipts = await house.receive(an_arrival(ref="a"), an_arrival(ref="b"))
    assert [(receipt.kind, receipt.duplicate) for receipt in receipts] == [("ndi", False)] * 2
    for table in ("arrivals", "messages", "deliveries", "owed"):
        assert await house.count(table) == 2


class Broken:
    """The real database, but that every commit fails for a reason that is not the store's and names no culprit."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.broken = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, unit: Any, *args: Any) -> Any:
        trial = args[-1]
        if self.broken and not trial:
            raise ValueError("a fault of ours")
        return await self._db.write(unit, *args)


async def test_a_fault_of_ours_is_told_as_temporary_and_the_next_batch_gets_its_turn(house: House) -> None:
    broken: Any = Broken(house.db)
    other = House(broken, house.present)
    with pytest.raises(StoreUnavailable):
        await other.receive(an_arrival("a", ref="1"), an_arrival("b"))
    assert await house.count("arrivals") == 0
    broken.broken = False
    (receipt,) = await other.receive(an_arrival("a", ref="1"))
    assert (await house.message(receipt)).text == "a"


async def test_a_caller_that_went_away_before_the_failure_is_no_noise(house: House) -> None:
    noise: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: noise.append(context))
    broken: Any = Broken(house.db)
    other = House(broken, house.present)
    (going,) = await started(other.receive(an_arrival()))
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    await other.inbox.close()
    assert noise == []


# --- kill -9 ---------------------------------------------------------------------------------------------------------

RECEIVES = """
import asyncio, sys
from odzew.clock import Clock
from odzew.inbox.receive import Inbox
from odzew.model import Arrival
from odzew.store.directory import Present
from odzew.store.engines import open_database

async def one(inbox, worker):
    n = 0
    while True:
        ref = f"{worker}-{n}"
        (receipt,) = await inbox.receive([Arrival(1, "+48500600700", "+48664000002", b"raw", ref, ref=ref)])
        print(ref, receipt.message_id, flush=True)
        n += 1

async def main():
    db = open_database(sys.argv[1], Clock())
    inbox = Inbox(db, Present(db), lambda received: None)
    await asyncio.gather(*(one(inbox, worker) for worker in range(8)))

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9(house: House, database_url: str, open_again: Callable[[], Database]) -> None:
    acknowledged: dict[str, int] = {}
    for round_ in range(2):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", RECEIVES, database_url, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(60 + 20 * round_):
            ref, key = (await process.stdout.readline()).split()
            acknowledged[ref.decode()] = int(key)
        process.kill()
        rest, _ = await process.communicate()
        for line in rest.splitlines(keepends=True):
            if line.endswith(b"\n"):  # said before it was killed
                ref, key = line.split()
                acknowledged[ref.decode()] = int(key)
    found = await House(open_again(), house.present).rows("SELECT text, id FROM messages")
    assert set(acknowledged.items()) <= set(found)
    assert len({row[0] for row in found}) == len(found)
