"""What sources over HTTP brought is counted, and written down for whoever asks."""

from __future__ import annotations

from odzew.clock import DAY, FixedClock
from odzew.errors import StoreUnavailable
from odzew.ingest.tally import Tallies
from odzew.model import Receipt
from odzew.store import tallies as store_tallies
from odzew.store.db import Database
from odzew.store.tallies import Tally


async def test_what_was_brought_and_refused(db: Database, clock: FixedClock) -> None:
    tallies = Tallies(db, clock, "one")
    tallies.brought(3, [Receipt(1, "nd"), Receipt(None, "report"), Receipt(1, "nd", duplicate=True), Receipt(None, "unreadable")])
    clock.advance(2.0)
    tallies.brought(3, [Receipt(2, "ndi")])
    tallies.refused(3, 503)
    tallies.refused(4, 401)
    assert tallies.states()[0].messages == 3
    assert tallies.refusals == {(3, "503"): 1, (4, "401"): 1}
    assert await db.read(store_tallies.tallies) == []
    await tallies.write()
    began = clock.now() - 2_000_000
    assert await db.read(store_tallies.tallies) == [
        Tally(3, "one", began, clock.now(), 3, 1, 1, "answered 503"),
        Tally(4, "one", clock.now(), None, 0, 0, 1, "answered 401"),
    ]


async def test_each_process_counts_for_itself(db: Database, clock: FixedClock) -> None:
    for process in ("one", "two"):
        tallies = Tallies(db, clock, process)
        tallies.brought(3, [Receipt(1, "nd")])
        await tallies.write()
        clock.advance(1.0)
    assert [(one.process, one.messages) for one in await db.read(store_tallies.tallies)] == [("two", 1), ("one", 1)]


async def test_nothing_is_written_while_nothing_changes(clock: FixedClock) -> None:
    class Counting:
        writes = 0

        async def write(self, *_: object) -> None:
            self.writes += 1

    db = Counting()
    tallies = Tallies(db, clock, "one")  # type: ignore[arg-type]  # a database that only counts
    await tallies.write()
    tallies.refused(3, 401)
    await tallies.write()
    await tallies.write()
    assert db.writes == 1


async def test_what_could_not_be_written_is_written_next_time(db: Database, clock: FixedClock) -> None:
    class Away:
        async def write(self, *_: object) -> None:
            raise StoreUnavailable("away")

    tallies = Tallies(Away(), clock, "one")  # type: ignore[arg-type]  # a database that is away
    tallies.brought(3, [Receipt(1, "nd")])
    await tallies.write()
    tallies._db = db
    await tallies.write()
    assert [one.messages for one in await db.read(store_tallies.tallies)] == [1]


async def test_those_of_a_process_long_gone_are_taken_away(db: Database, clock: FixedClock) -> None:
    old = Tallies(db, clock, "old")
    old.brought(3, [Receipt(1, "nd")])
    await old.write()
    clock.advance((store_tallies.KEPT + DAY) / 1_000_000)
    new = Tallies(db, clock, "new")
    new.brought(3, [Receipt(2, "nd")])
    await new.write()
    assert [one.process for one in await db.read(store_tallies.tallies)] == ["new"]
