"""The index is filled beside receiving: in any order of commits, by any number of processes, and what changes is put in anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from odzew.clock import HOUR, FixedClock
from odzew.errors import StoreUnavailable
from odzew.inbox.correct import assign
from odzew.inbox.indexing import BATCH, EVERY, Indexer
from odzew.inbox.terms import terms_of
from odzew.inbox.tidy import Tidy
from odzew.store import inbox_index, panel_sessions, seen
from odzew.store.db import Database, statement
from odzew.store.directory import Present
from odzew.store.engines import open_database
from odzew.store.inbox_counts import HourCount
from odzew.store.inbox_lines import EVERYBODY, SEARCHED, Wanted
from odzew.store.leases import LASTS
from tests.inbox.directory import A, an_arrival, set_up
from tests.inbox.house import House, turn
from tests.inbox.shelf import RECEIVED, Shelf, rewritten
from tests.store.test_panel_sessions import a_session


@pytest.fixture
def shelf(db: Database, clock: FixedClock) -> Shelf:
    return Shelf(db, clock)


async def rows(db: Database, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await db.read(statement, sql)]


HOURS = "SELECT account_id, hour, kind, messages, first_id, last_id FROM message_hours WHERE messages <> 0 ORDER BY account_id, hour, kind"


async def test_more_than_a_batch_is_put_in_batch_by_batch(shelf: Shelf) -> None:
    await shelf.store(*[{}] * (BATCH + 7))
    assert await shelf.indexer.step()
    assert await shelf.mark() == BATCH
    assert await shelf.indexer.step()
    assert (await shelf.mark(), await shelf.indexer.step()) == (BATCH + 7, False)


async def test_a_rush_is_waited_out_but_not_for_ever(shelf: Shelf, clock: FixedClock) -> None:
    """What is received comes first: the index waits for a calmer second, unless it is far behind."""
    indexer = Indexer(shelf.db, clock, rush=10, far_behind=50)
    marks = []
    for many in (5, 30, 20, 3):  # in a second: calm, a rush, a rush that leaves it 50 behind, calm
        await shelf.store(*[{}] * many)
        assert await indexer.look() == EVERY
        marks.append(await shelf.mark())
        clock.advance(EVERY)
    assert marks == [5, 5, 55, 58]


async def test_hours_are_counted_by_account_and_kind(shelf: Shelf) -> None:
    hour = RECEIVED // HOUR * HOUR
    await shelf.store(
        {"received_at": hour}, {"received_at": hour + HOUR - 1}, {"received_at": hour + HOUR}, {"kind": "eco", "account_id": None}
    )
    await shelf.indexer.all()
    await shelf.store({"received_at": hour + HOUR})
    assert await rows(shelf.db, HOURS) == [
        (EVERYBODY, hour, "eco", 1, 4, 4), (EVERYBODY, hour, "nd", 2, 1, 2), (EVERYBODY, hour + HOUR, "nd", 1, 3, 3),
        (0, hour, "eco", 1, 4, 4), (1, hour, "nd", 2, 1, 2), (1, hour + HOUR, "nd", 1, 3, 3),
    ]  # fmt: skip
    found = [HourCount(hour, "nd", 2), HourCount(hour + HOUR, "nd", 2)]
    assert await shelf.listing.per_hour(1, hour, hour + 2 * HOUR) == found
    assert await shelf.listing.per_hour(1, hour + 1, hour + HOUR + 1) == found[1:]  # those that begin in that time
    assert await shelf.listing.per_hour(EVERYBODY, hour, hour + HOUR) == [HourCount(hour, "eco", 1), found[0]]
    assert await shelf.listing.per_hour(None, hour, hour + HOUR) == [HourCount(hour, "eco", 1)]


async def test_what_is_changed_leaves_the_old_account_for_the_new_one(shelf: Shelf) -> None:
    hour = RECEIVED // HOUR * HOUR
    await shelf.store({}, {}, {"account_id": None})
    await shelf.indexer.all()
    await shelf.db.write(seen.mark, [1, 2], 1)
    await shelf.db.write(rewritten, 2, 2, "other words")
    await shelf.db.write(rewritten, 2, 2, "other words again")
    await shelf.db.write(rewritten, 1, 1, "still seen")
    await shelf.indexer.all()
    assert await rows(shelf.db, "SELECT message_id FROM inbox_changed") == []
    assert await rows(shelf.db, "SELECT message_id, account_id, seen_at IS NULL FROM inbox_index ORDER BY 1") == [
        (1, 1, False), (2, 2, True), (3, 0, True),
    ]  # fmt: skip
    assert [row[:4] for row in await rows(shelf.db, HOURS)] == [
        (EVERYBODY, hour, "nd", 3), (0, hour, "nd", 1), (1, hour, "nd", 1), (2, hour, "nd", 1),
    ]  # fmt: skip
    assert await shelf.ids(Wanted(2, words="again")) == [2]


async def test_what_is_changed_before_it_is_put_in_waits_for_the_mark(shelf: Shelf) -> None:
    await shelf.store({})
    await shelf.db.write(rewritten, 1, 2, "other")
    assert await shelf.db.write(inbox_index.refill, terms_of, SEARCHED) == 0
    await shelf.indexer.all()
    assert (await shelf.ids(Wanted(1)), await shelf.ids(Wanted(2, words="other"))) == ([], [1])
    assert await rows(shelf.db, "SELECT message_id FROM inbox_changed") == []


async def test_a_change_between_reading_and_writing_of_the_filler_is_not_lost(shelf: Shelf) -> None:
    await shelf.store({"text": "before"})
    mark, items = await shelf.db.read(inbox_index.unindexed, 1, 10, SEARCHED)
    await shelf.db.write(rewritten, 1, 2, "after")
    assert await shelf.db.write(inbox_index.fill, mark, 1, inbox_index.with_terms(items, terms_of))
    for _ in range(2):
        assert (await shelf.ids(Wanted(1)), await shelf.ids(Wanted(2, words="after"))) == ([], [1])
        await shelf.indexer.all()


async def test_two_that_fill_the_same_count_it_once(shelf: Shelf) -> None:
    await shelf.store({}, {})
    mark, items = await shelf.db.read(inbox_index.unindexed, 2, 10, SEARCHED)
    indexed = inbox_index.with_terms(items, terms_of)
    assert [await shelf.db.write(inbox_index.fill, mark, 2, indexed) for _ in range(2)] == [True, False]
    assert [row[3] for row in await rows(shelf.db, HOURS)] == [2, 2]


async def test_what_is_assigned_by_hand_is_in_its_new_list_at_once(db: Database, clock: FixedClock) -> None:
    present: Present = await set_up(db)
    house, shelf = House(db, present), Shelf(db, clock)
    (receipt,) = await house.receive(an_arrival("who reads this", to="unknown"))
    await shelf.indexer.all()
    assert await shelf.ids(Wanted(None)) == [receipt.message_id]
    await db.write(assign, [receipt.message_id], present.directory.accounts[A], "nd", present.directory)
    for _ in range(2):
        assert (await shelf.ids(Wanted(None)), await shelf.ids(Wanted(A, words="reads"))) == ([], [receipt.message_id])
        await shelf.indexer.all()
    await house.inbox.close()


# --- several processes ------------------------------------------------------------------------------------------------


async def test_a_message_that_is_committed_late_is_not_passed(pg_migrated: str, clock: FixedClock) -> None:
    db = open_database(pg_migrated, clock, fixed=True)
    shelf = Shelf(db, clock)
    slow = await asyncpg.connect(pg_migrated)
    transaction = slow.transaction()
    await transaction.start()
    key = await slow.fetchval("SELECT nextval('messages_ids')")
    later = await shelf.store({}, {})
    await shelf.indexer.all()
    assert await shelf.mark() < key < later[0]
    assert await shelf.ids(Wanted(1)) == later[::-1]
    await slow.execute(
        """INSERT INTO messages (id, account_id, kind, sender, recipient, text, received_at)
           VALUES ($1, 1, 'nd', '+48500600700', '7055', 'late', 5)""",
        key,
    )
    await transaction.commit()
    await slow.close()
    assert await shelf.ids(Wanted(1)) == [*later[::-1], key]
    for _ in range(2):
        await shelf.indexer.step()
    assert await shelf.mark() == later[-1]
    assert await shelf.ids(Wanted(1, words="late")) == [key]
    await shelf.indexer.close()
    await db.close()


async def test_an_endless_row_of_transactions_does_not_hold_the_filler_up(pg_migrated: str, clock: FixedClock) -> None:
    db = open_database(pg_migrated, clock, fixed=True)
    shelf = Shelf(db, clock)
    stored = await shelf.store({})
    open_ones = [await asyncpg.connect(pg_migrated) for _ in range(2)]
    for turn_ in range(6):  # there is always one that has taken an id
        await open_ones[turn_ % 2].execute("BEGIN; SELECT nextval('messages_ids')")
        await shelf.indexer.step()
        await open_ones[(turn_ + 1) % 2].execute("ROLLBACK")
        await shelf.indexer.step()
    assert await shelf.mark() >= stored[0]
    for connection in open_ones:
        await connection.close()
    await shelf.indexer.close()
    await db.close()


async def test_of_several_processes_one_fills_until_it_gives_up(
    db: Database, clock: FixedClock, open_again: Callable[[], Database]
) -> None:
    if not db.shared:
        return  # there is one process
    first, second = Shelf(db, clock), Shelf(open_again(), clock)
    await first.store({})
    assert await first.indexer.step()
    await first.store({})
    assert not await second.indexer.step()
    assert await first.mark() == 1
    clock.advance(LASTS + 1)
    assert await second.indexer.step()
    assert await first.mark() == 2
    await second.indexer.close()
    await first.store({})
    assert await first.indexer.step()


# --- beside receiving -------------------------------------------------------------------------------------------------


async def test_tidy_fills_and_forgets_sessions_that_are_over(db: Database, clock: FixedClock) -> None:
    shelf = Shelf(db, clock)
    await shelf.store({}, {})
    await db.write(panel_sessions.begin, a_session(b"1", expires_at=clock.now()))
    tidy = Tidy(db, clock, Present(db), lambda received: None)
    running = asyncio.create_task(tidy.run())
    while await shelf.mark() < 2 or await rows(db, "SELECT user_id FROM panel_sessions"):
        clock.advance(EVERY)
        await turn()
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class Failing:
    """A real database that is away for the first so many calls."""

    def __init__(self, db: Database, times: int) -> None:
        self._db, self.left = db, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def read(self, unit: Any, *args: Any) -> Any:
        if self.left:
            self.left -= 1
            raise StoreUnavailable("away") if self.left % 2 else ValueError("a fault of ours")
        return await self._db.read(unit, *args)


async def test_filling_goes_on_when_the_database_is_back(db: Database, clock: FixedClock) -> None:
    shelf = Shelf(db, clock)
    await shelf.store({})
    running = asyncio.create_task(Indexer(Failing(db, 3), clock).run())
    while await shelf.mark() < 1:
        clock.advance(EVERY)
        await turn()
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
