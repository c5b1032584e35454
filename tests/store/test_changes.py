"""Who changed what is heard in all processes, by notification and, where one was missed, by its counter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any, get_args

import pytest

from odzew.clock import FixedClock
from odzew.errors import StoreUnavailable
from odzew.store.changes import EVERY, Changed, Changes, bump, counters
from odzew.store.db import Database, Notify, Request, Rows, statement

NAMES: tuple[Changed, ...] = get_args(Changed)


class Ear:
    """Subscribes to every name and tells what was called."""

    def __init__(self, changes: Changes) -> None:
        self.heard: list[str] = []
        self._called = asyncio.Event()
        for name in NAMES:
            changes.subscribe(name, self._hears(name))

    def _hears(self, name: str) -> Callable[[], None]:
        def heard() -> None:
            self.heard.append(name)
            self._called.set()

        return heard

    async def next(self) -> list[str]:
        await self._called.wait()
        heard = self.heard
        self.forget()
        return heard

    def forget(self) -> None:
        self._called.clear()
        self.heard = []


@asynccontextmanager
async def watching(db: Database, clock: FixedClock) -> AsyncIterator[Ear]:
    """A process that watches, past what it hears at its start."""
    changes = Changes(db, clock)
    ear = Ear(changes)
    await changes.start()
    running = asyncio.ensure_future(changes.run())
    await until(lambda: clock.next_due() is not None)
    await tick(clock)
    ear.forget()
    yield ear
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def tick(clock: FixedClock) -> None:
    """Half a second, and what follows of it, until the next wait."""
    clock.advance(EVERY)
    await until(lambda: clock.next_due() is not None)


async def until(true: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    while not true():
        turn = asyncio.Event()
        loop.call_soon(turn.set)
        await turn.wait()


# --- bump ------------------------------------------------------------------------------------------------------------


async def test_a_bump_counts_each_name_once(db: Database) -> None:
    before = await db.read(counters)
    assert before == dict.fromkeys(NAMES, 0) | {"suspects": 0}
    await db.write(bump, "messages", "due", "due")
    assert await db.read(counters) == {**before, "messages": 1, "due": 1}


async def test_a_bump_that_is_rolled_back_is_none(db: Database) -> None:
    def unit() -> Generator[Request, Any, None]:
        yield from bump("targets")
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="mind"):
        await db.write(unit)
    assert (await db.read(counters))["targets"] == 0


async def test_bumps_in_any_order_do_not_lock_each_other_out(db: Database, open_again: Callable[[], Database]) -> None:
    other = open_again()
    await asyncio.gather(*(db.write(bump, *NAMES) for _ in range(20)), *(other.write(bump, *reversed(NAMES)) for _ in range(20)))
    assert await db.read(counters) == dict.fromkeys(NAMES, 40) | {"suspects": 0}


# --- hearing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
async def test_what_another_connection_changed_is_heard(
    db: Database, open_again: Callable[[], Database], clock: FixedClock, name: Changed
) -> None:
    other = open_again()
    async with watching(db, clock) as ear:
        await other.write(bump, name)
        if db.engine == "sqlite":  # PostgreSQL is heard at once
            await tick(clock)
        assert await ear.next() == [name]


async def test_what_this_process_changed_is_heard_at_the_next_look(db: Database, clock: FixedClock) -> None:
    changes = Changes(db, clock)
    ear = Ear(changes)
    await changes.start()
    await db.write(bump, "due", "targets")
    await changes.look()
    assert sorted(ear.heard) == ["due", "targets"]
    ear.heard.clear()
    await changes.look()
    assert ear.heard == []


async def test_a_missed_notification_is_found_by_its_counter(db: Database, open_again: Callable[[], Database], clock: FixedClock) -> None:
    async with watching(db, clock) as ear:
        # The counter alone, as if the notification had been lost on its way.
        await open_again().write(statement, "UPDATE changes SET counter = counter + 1 WHERE name = 'directory'")
        await tick(clock)
        assert await ear.next() == ["directory"]


async def test_nothing_is_told_twice_or_without_a_cause(db: Database, open_again: Callable[[], Database], clock: FixedClock) -> None:
    other = open_again()
    async with watching(db, clock) as ear:
        await other.write(bump, "messages")
        await tick(clock)
        assert await ear.next() == ["messages"]
        await other.write(statement, "INSERT INTO installation (name, value) VALUES ('a', '1')")
        await tick(clock)
        await tick(clock)
        assert ear.heard == []


def announce(name: str) -> Generator[Request, Any, None]:
    yield Notify(name)


async def test_due_is_heard_though_no_counter_moved(db: Database, open_again: Callable[[], Database], clock: FixedClock) -> None:
    """What is owed is announced so by the processes that receive; on SQLite there is one such process, and nobody announces."""
    async with watching(db, clock) as ear:
        await open_again().write(announce, "due")
        if db.shared:
            assert await ear.next() == ["due"]
        else:
            await tick(clock)
            assert ear.heard == []


# --- a database that is away -----------------------------------------------------------------------------------------


class Away:
    """A database that can be away for reading; everything else is the real one."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def read(self, unit: Any, *args: Any) -> Any:
        if self.away:
            raise StoreUnavailable("away")
        return await self._db.read(unit, *args)


async def test_what_changed_while_the_database_was_away_is_heard_afterwards(
    db: Database, open_again: Callable[[], Database], clock: FixedClock
) -> None:
    away: Any = Away(db)
    other = open_again()
    async with watching(away, clock) as ear:
        away.away = True
        await other.write(bump, "targets")
        await tick(clock)
        await tick(clock)
        assert ear.heard == []
        away.away = False
        await tick(clock)
        assert await ear.next() == ["targets"]


async def test_start_takes_the_present_as_known(db: Database, clock: FixedClock) -> None:
    def unit() -> Generator[Request, Any, None]:
        yield Rows("UPDATE changes SET counter = 7")

    await db.write(unit)
    changes = Changes(db, clock)
    ear = Ear(changes)
    await changes.start()
    await changes.look()
    assert ear.heard == []
