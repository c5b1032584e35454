"""Reading and marking on each engine: windows, pages, and pulls that end one way or the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

import pytest

from odzew.clock import Clock, FixedClock
from odzew.errors import StoreUnavailable
from odzew.inbox.freshness import Freshness
from odzew.inbox.read import FEWEST, TEXT_MARKED, Ask, Reader, Reading
from odzew.store import pulls
from odzew.store.db import Database, MakeUnit
from odzew.store.unread import ID, WINDOW, Filter
from tests.builders import a_message, store_messages, unread_ids

ALL = Filter(1)


@pytest.fixture
async def reader(db: Database, clock: FixedClock) -> AsyncIterator[Reader]:
    made = Reader(db, clock, Freshness(db.shared), "here")
    yield made
    await made.close()


async def ids(reading: Reading) -> list[int]:
    """Of all its windows."""
    found = [row[ID] for row in reading.window.rows]
    while (window := await reading.next()) is not None:
        found += [row[ID] for row in window.rows]
    return found


async def test_a_reading_goes_through_all_windows(db: Database, reader: Reader) -> None:
    count = WINDOW * 2 + 10
    await store_messages(db, *[a_message(n) for n in range(1, count + 1)])
    for read in (False, True):
        reading = await reader.open(Ask(ALL, read=read))
        steps = (reading.complete, await ids(reading), reading.complete)
        assert steps == (False, list(range(1, count + 1)), True)
        reading.sent()
    await reader.settled()
    assert await db.read(unread_ids) == []
    assert await db.read(pulls.open_pulls, ()) == []


async def test_exactly_one_window_is_followed_by_nothing(db: Database, reader: Reader) -> None:
    await store_messages(db, *[a_message(n) for n in range(1, WINDOW + 1)])
    reading = await reader.open(Ask(ALL, read=True))
    assert len(await ids(reading)) == WINDOW
    reading.sent()


async def windows(reading: Reading) -> list[int]:
    """How many messages are in each window."""
    found = [len(reading.window.rows)]
    while (window := await reading.next()) is not None:
        found.append(len(window.rows))
    return found


async def test_few_are_marked_at_once_where_texts_are_long(db: Database, reader: Reader) -> None:
    await store_messages(db, *[a_message(n, text="x" * 2_000) for n in range(1, 321)])
    reading = await reader.open(Ask(ALL, read=True))
    most = TEXT_MARKED // 2_000
    assert await windows(reading) == [FEWEST, most, 320 - FEWEST - most]
    reading.sent()


async def test_many_are_marked_at_once_where_texts_are_short(db: Database, reader: Reader) -> None:
    await store_messages(db, *[a_message(n, text="x" * (n % 2)) for n in range(1, FEWEST + WINDOW + 6)])
    reading = await reader.open(Ask(ALL, read=True))
    assert await windows(reading) == [FEWEST, WINDOW, 5]
    reading.sent()


async def test_a_broken_reading_offers_everything_again(db: Database, reader: Reader) -> None:
    await store_messages(db, *[a_message(n) for n in range(1, WINDOW + 11)])
    reading = await reader.open(Ask(ALL, read=True))
    assert await db.read(unread_ids) == list(range(FEWEST + 1, WINDOW + 11))
    await reading.next()
    reading.broken()
    await reader.settled()
    assert await db.read(unread_ids) == list(range(1, WINDOW + 11))
    assert await ids(await reader.open(Ask(ALL))) == list(range(1, WINDOW + 11))


async def test_a_limit_across_windows_that_long_texts_cut(db: Database, reader: Reader) -> None:
    await store_messages(db, *[a_message(n, text="x" * 600_000) for n in range(1, 8)])
    reading = await reader.open(Ask(ALL, limit=5))
    assert (await ids(reading), reading.pages) == ([1, 2, 3, 4, 5], 2)


async def test_pages_are_counted_right_while_clients_mark(db: Database, reader: Reader) -> None:
    await store_messages(db, *[a_message(n) for n in range(1, 11)])
    seen = []
    for _ in range(4):
        seen.append((await reader.open(Ask(ALL, limit=3))).pages)
        reading = await reader.open(Ask(ALL, read=True, limit=3))
        seen.append(reading.pages)
        reading.sent()
    assert seen == [4, 4, 3, 3, 2, 2, 1, 1]


async def test_open_pulls_are_taken_back_at_the_start(db: Database, reader: Reader) -> None:
    await store_messages(db, a_message(1), a_message(2))
    await reader.open(Ask(ALL, read=True, limit=1))  # and then the process dies
    later = Reader(db, reader.clock, Freshness(db.shared), "later")
    assert await later.take_back_open(live=["here"]) == 0
    assert await later.take_back_open() == 1
    assert await db.read(unread_ids) == [1, 2]


async def test_a_pull_that_lost_its_lease_marks_no_more_and_breaks(db: Database, reader: Reader) -> None:
    await store_messages(db, *[a_message(n) for n in range(1, WINDOW + 11)])
    reading = await reader.open(Ask(ALL, read=True))
    await Reader(db, reader.clock, Freshness(db.shared), "other").take_back_open()
    with pytest.raises(StoreUnavailable):
        await reading.next()
    reading.broken()
    await reader.settled()
    assert await db.read(unread_ids) == list(range(1, WINDOW + 11))


async def test_a_caller_who_is_cancelled_while_marking_leaves_nothing_marked(db: Database, reader: Reader) -> None:
    await store_messages(db, a_message(1))
    for turns in range(6):
        task = asyncio.ensure_future(reader.open(Ask(ALL, read=True)))
        for _ in range(turns):
            await turn()
        if task.cancel():
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            (await task).broken()
        await reader.settled()
        assert await db.read(unread_ids) == [1]
        assert await db.read(pulls.open_pulls, ()) == []


async def turn() -> None:
    """One turn of the loop."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


async def test_closing_waits_until_every_pull_is_ended(db: Database, clock: FixedClock) -> None:
    await store_messages(db, a_message(1), a_message(2))
    reader = Reader(db, clock, Freshness(db.shared), "here")
    (await reader.open(Ask(ALL, read=True, limit=1))).sent()
    (await reader.open(Ask(ALL, read=True, limit=1))).broken()
    await reader.close()
    assert await db.read(pulls.open_pulls, ()) == []
    assert await db.read(unread_ids) == [2]


class Failing:
    """A database whose next writes fail: before they are done, or after the commit on the way back."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.shared, self.engine = db.shared, db.engine
        self.failures: list[Literal["before", "after"]] = []

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        failure = self.failures.pop(0) if self.failures else None
        value = None if failure == "before" else await self._db.write(unit, *args)
        if failure:
            raise StoreUnavailable(f"gone {failure} the commit")
        return value

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        return await self._db.read(unit, *args)

    async def version(self) -> int:
        return await self._db.version()

    async def migrate(self) -> list[str]:
        return await self._db.migrate()

    def listen(self, heard: Callable[[str], None]) -> None:
        self._db.listen(heard)

    async def look(self) -> None:
        await self._db.look()

    async def close(self) -> None:
        await self._db.close()


class Eager(Clock):
    """Whoever waits need not wait."""

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        await turn()
        return event.is_set()


@pytest.mark.parametrize("failure", ["before", "after"])
async def test_a_mark_whose_commit_is_in_doubt_is_taken_back(db: Database, failure: Literal["before", "after"]) -> None:
    await store_messages(db, a_message(1))
    failing = Failing(db)
    reader = Reader(failing, Eager(), Freshness(db.shared), "here")
    failing.failures = [failure, "before", "after", "before"]
    with pytest.raises(StoreUnavailable):
        await reader.open(Ask(ALL, read=True))
    await reader.close() if failure == "before" else await reader.settled()
    assert await db.read(unread_ids) == [1]
    assert await db.read(pulls.open_pulls, ()) == []


async def test_a_pull_is_closed_as_soon_as_the_database_is_back(db: Database) -> None:
    await store_messages(db, a_message(1))
    failing = Failing(db)
    reader = Reader(failing, Eager(), Freshness(db.shared), "here")
    reading = await reader.open(Ask(ALL, read=True))
    failing.failures = ["before"] * 7
    reading.sent()
    await reader.settled()
    assert await db.read(unread_ids) == []
    assert await db.read(pulls.open_pulls, ()) == []
