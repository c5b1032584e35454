"""Leases: one holder at a time, renewed, lost when it runs out, and what an old holder still wants to write is fenced off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

from odzew.clock import SECOND, FixedClock
from odzew.errors import StoreUnavailable
from odzew.store.db import Database, Request, Rows, statement
from odzew.store.leases import LASTS, RENEWED, Fence, Fenced, Lease, alive, check, give_back, take

LASTS_US = round(LASTS * SECOND)


class Process:
    """One process that wants the lease `forward`, and what it was told."""

    def __init__(self, db: Database, clock: FixedClock, owner: str) -> None:
        self.told: list[str] = []
        self.lease = Lease(db, clock, "forward", owner, lambda: self.told.append("gained"), lambda: self.told.append("lost"))


async def test_one_at_a_time(db: Database, clock: FixedClock) -> None:
    first, second = Process(db, clock, "first"), Process(db, clock, "second")
    await first.lease.renew()
    await second.lease.renew()
    assert (first.told, second.told) == (["gained"], [])
    assert first.lease.fence == Fence("forward", "first", 1)
    assert second.lease.fence is None
    assert (first.lease.left(), second.lease.left()) == (LASTS, 0.0)


async def test_one_of_many_that_ask_at_once(db: Database, open_again: Callable[[], Database]) -> None:
    other = open_again()
    asked = [(db, other)[n % 2].write(take, "forward", f"process {n}", LASTS_US) for n in range(12)]
    assert sorted(await asyncio.gather(*asked), key=str) == [1, *[None] * 11]


async def test_it_is_kept_by_renewing(db: Database, clock: FixedClock) -> None:
    first, second = Process(db, clock, "first"), Process(db, clock, "second")
    for _ in range(10):
        await first.lease.renew()
        await second.lease.renew()
        clock.advance(RENEWED)
    assert first.lease.left() == LASTS - RENEWED
    assert (first.told, second.told) == (["gained"], [])
    assert first.lease.fence == Fence("forward", "first", 1)


async def test_it_is_taken_over_when_it_has_run_out_and_not_before(db: Database, clock: FixedClock) -> None:
    first, second = Process(db, clock, "first"), Process(db, clock, "second")
    await first.lease.renew()
    clock.advance(LASTS)
    await second.lease.renew()
    assert second.told == []
    clock.advance(1e-6)
    assert first.lease.left() == 0.0
    await second.lease.renew()
    assert second.lease.fence == Fence("forward", "second", 2)
    await first.lease.renew()
    assert first.told == ["gained", "lost"]
    assert first.lease.fence is None


async def test_another_lease_is_another(db: Database, clock: FixedClock) -> None:
    assert await db.write(take, "a", "first", LASTS_US) == 1
    assert await db.write(take, "b", "second", LASTS_US) == 1


async def test_a_holder_that_slept_through_another_s_turn_starts_afresh(db: Database, clock: FixedClock) -> None:
    """What it holds in memory is of the old epoch: the other one has worked on it since."""
    first, second = Process(db, clock, "first"), Process(db, clock, "second")
    await first.lease.renew()
    clock.advance(LASTS + 1)
    await second.lease.renew()
    await second.lease.close()
    await first.lease.renew()
    assert first.told == ["gained", "lost", "gained"]
    assert first.lease.fence == Fence("forward", "first", 3)


async def test_given_back_it_can_be_taken_at_once(db: Database, clock: FixedClock) -> None:
    first, second = Process(db, clock, "first"), Process(db, clock, "second")
    await first.lease.renew()
    await first.lease.close()
    assert first.lease.fence is None
    assert first.lease.left() == 0.0
    await second.lease.renew()
    assert second.told == ["gained"]
    await first.lease.close()  # nothing to give back any more
    await first.lease.renew()
    assert first.told == ["gained"]


async def test_only_the_holder_can_give_it_back(db: Database) -> None:
    await db.write(take, "forward", "first", LASTS_US)
    await db.write(give_back, "forward", "second")
    assert await db.write(take, "forward", "second", LASTS_US) is None


# --- fences ----------------------------------------------------------------------------------------------------------


def fenced_write(fence: Fence, name: str) -> Generator[Request, Any, None]:
    yield Rows("INSERT INTO installation (name, value) VALUES (?, '1')", (name,))
    yield from check(fence)


OLD = (
    ("forward", "first", 1),
    ("forward", "first", 2),
    ("forward", "second", 1),
    ("forward", "second", 3),
    ("no such lease", "second", 2),
)


@pytest.mark.parametrize("fence", [Fence(*row) for row in OLD])
async def test_what_is_written_under_an_old_fence_is_dropped(db: Database, clock: FixedClock, fence: Fence) -> None:
    await db.write(take, "forward", "first", LASTS_US)
    clock.advance(LASTS + 1)
    await db.write(take, "forward", "second", LASTS_US)
    with pytest.raises(Fenced):
        await db.write(fenced_write, fence, "dropped")
    await db.write(fenced_write, Fence("forward", "second", 2), "kept")
    assert [row[0] for row in await db.read(statement, "SELECT name FROM installation")] == ["kept"]


async def test_a_lease_cannot_change_hands_between_the_check_and_the_commit(
    db: Database, open_again: Callable[[], Database], clock: FixedClock
) -> None:
    other = open_again()
    await db.write(take, "forward", "first", LASTS_US)
    clock.advance(LASTS + 1)
    checked, order = asyncio.Event(), []

    def slow_write() -> Generator[Request, Any, None]:
        yield from check(Fence("forward", "first", 1))
        checked.set()
        for _ in range(50):
            yield Rows("SELECT 1")
        order.append("written")

    async def take_over() -> None:
        await checked.wait()
        assert await other.write(take, "forward", "second", LASTS_US) == 2
        order.append("taken over")

    await asyncio.gather(db.write(slow_write), take_over())
    assert order == ["written", "taken over"]


# --- a database that is away -----------------------------------------------------------------------------------------


class Away:
    """The real database, while it is not away."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.away = False

    async def write(self, unit: Any, *args: Any) -> Any:
        if self.away:
            raise StoreUnavailable("away")
        return await self._db.write(unit, *args)


async def test_while_the_database_is_away_it_is_held_until_it_runs_out(db: Database, clock: FixedClock) -> None:
    away: Any = Away(db)
    process = Process(away, clock, "first")
    await process.lease.renew()
    away.away = True
    clock.advance(LASTS - 1)
    await process.lease.renew()
    assert process.told == ["gained"]
    assert process.lease.left() == 1.0
    clock.advance(1)
    assert process.lease.left() == 0.0
    await process.lease.renew()
    assert process.told == ["gained", "lost"]
    away.away = False
    await process.lease.renew()
    assert process.told == ["gained", "lost", "gained"]
    away.away = True
    await process.lease.close()
    assert process.lease.fence is None


async def test_it_is_renewed_by_itself(db: Database, clock: FixedClock) -> None:
    process = Process(db, clock, "first")
    running = asyncio.ensure_future(process.lease.run())
    for _ in range(4):
        while clock.next_due() is None:
            await db.read(statement, "SELECT 1")
        assert process.lease.left() == LASTS
        clock.advance(RENEWED)
        while clock.next_due() is None:
            await db.read(statement, "SELECT 1")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert process.told == ["gained"]


async def test_who_is_alive(db: Database, clock: FixedClock) -> None:
    await db.write(take, "process/a", "a", LASTS_US)
    clock.advance(LASTS - 1)
    await db.write(take, "process/b", "b", LASTS_US)
    await db.write(take, "process%", "wild", LASTS_US)
    await db.write(take, "forward", "c", LASTS_US)
    assert sorted(await db.read(alive, "process/")) == ["a", "b"]
    clock.advance(2)
    assert await db.read(alive, "process/") == ["b"]
    assert await db.read(alive, "nobody") == []
