"""What only the PostgreSQL engine has: deadlocks, connections that break, a server that may not be durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from odzew.clock import FixedClock
from odzew.errors import OdzewError, StoreError, StoreUnavailable
from odzew.store.db import Database, Request, Rows, one, statement
from odzew.store.postgres import AGAIN, PostgresDatabase

INSERT = "INSERT INTO installation (name, value) VALUES (?, ?)"


@pytest.fixture
async def db(pg_database: str, clock: FixedClock) -> AsyncIterator[PostgresDatabase]:
    """One whose server looks for deadlocks early."""
    await execute(pg_database, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET deadlock_timeout = ''20ms'''; END $$")
    db = PostgresDatabase(pg_database, clock, fixed=True)
    await db.migrate()
    yield db
    await db.close()


async def execute(dsn: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def names(db: Database) -> list[str]:
    return [row[0] for row in await db.read(statement, "SELECT name FROM installation ORDER BY name")]


# --- run again -------------------------------------------------------------------------------------------------------


async def test_a_deadlock_runs_a_unit_again(db: PostgresDatabase) -> None:
    """Two units lock two rows crosswise, each waiting until the other one has its first."""
    runs: list[str] = []
    holds: set[str] = set()

    def unit(first: str, second: str) -> Generator[Request, Any, str]:
        runs.append(first)
        yield Rows("UPDATE changes SET counter = counter + 1 WHERE name = ?", (first,))
        holds.add(first)
        while second not in holds:
            yield Rows("SELECT 1")
        yield Rows("UPDATE changes SET counter = counter + 1 WHERE name = ?", (second,))
        return first

    ended = await asyncio.gather(db.write(unit, "due", "messages"), db.write(unit, "messages", "due"))
    assert list(ended) == ["due", "messages"]
    assert 3 <= len(runs) <= 6  # the one that gave way may meet the other once more
    counters = await db.read(statement, "SELECT counter FROM changes WHERE name IN ('due', 'messages')")
    assert [row[0] for row in counters] == [2, 2]


async def test_two_that_look_before_they_write_never_fail_on_each_other(db: PostgresDatabase) -> None:
    looked: set[int] = set()

    def unit(who: int) -> Generator[Request, Any, str]:
        row = yield from one("SELECT value FROM installation WHERE name = 'only once'")
        looked.add(who)
        while len(looked) < 2:
            yield Rows("SELECT 1")
        if row is None:
            yield Rows(INSERT, ("only once", str(who)))
            return str(who)
        return str(row[0])

    first, second = await asyncio.gather(db.write(unit, 1), db.write(unit, 2))
    assert first == second
    assert await names(db) == ["only once"]


async def test_a_unit_is_not_run_again_for_ever(db: PostgresDatabase) -> None:
    runs = 0

    def unit() -> Generator[Request, Any, None]:
        nonlocal runs
        runs += 1
        yield Rows(INSERT, ("a", "1"))
        yield Rows(INSERT, ("a", "2"))

    with pytest.raises(StoreError) as caught:
        await db.write(unit)
    assert not caught.value.temporary
    assert runs == AGAIN + 1
    assert await names(db) == []


# --- a server that goes away -----------------------------------------------------------------------------------------


async def terminate(dsn: str) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    await execute(dsn, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


async def test_connections_that_are_terminated_are_unavailable_and_then_work_again(db: PostgresDatabase, pg_database: str) -> None:
    begun, killed = asyncio.Event(), asyncio.Event()

    def unit() -> Generator[Request, Any, None]:
        yield Rows(INSERT, ("half", "1"))
        begun.set()
        while not killed.is_set():
            yield Rows("SELECT 1")
        yield Rows(INSERT, ("whole", "1"))

    writing = [asyncio.ensure_future(db.write(unit)) for _ in range(1)]
    reading = [asyncio.ensure_future(db.read(unit_of_waiting, killed)) for _ in range(2)]
    await begun.wait()
    await terminate(pg_database)
    killed.set()
    ended = await asyncio.gather(*writing, *reading, return_exceptions=True)
    assert {type(end) for end in ended} == {StoreUnavailable}
    assert all(isinstance(end, OdzewError) and end.temporary for end in ended)
    await works_again(db)
    assert await names(db) == []
    await db.write(statement, INSERT, "z", "1")
    assert await names(db) == ["z"]


async def works_again(db: PostgresDatabase) -> None:
    """Connections of the pool whose end was not seen yet may each fail once, in the same way."""
    for _ in range(20):
        with suppress(StoreUnavailable):
            await db.read(statement, "SELECT 1")
            return
    raise AssertionError("it does not work again")


def unit_of_waiting(event: asyncio.Event) -> Generator[Request, Any, None]:
    while not event.is_set():
        yield Rows("SELECT 1")
    yield Rows("SELECT 1")


UNREACHABLE = (
    ("postgresql://odzew@127.0.0.1:1/odzew", True),
    ("postgresql://odzew@/odzew?host=/no/such/directory", True),
    ("postgresql://odzew@127.0.0.1:notaport/odzew", False),
    ("postgresql://odzew@127.0.0.1:99999999/odzew", False),
)


@pytest.mark.parametrize(("dsn", "temporary"), UNREACHABLE)
async def test_a_server_that_is_not_there_is_our_error(dsn: str, temporary: bool, clock: FixedClock) -> None:
    db = PostgresDatabase(dsn, clock)
    for call in (db.migrate(), db.version(), db.look(), db.write(statement, "SELECT 1")):
        with pytest.raises(StoreError) as caught:
            await call
        assert caught.value.temporary is temporary
    await db.close()


async def test_a_database_that_does_not_exist_is_refused_for_good(pg_database: str, clock: FixedClock) -> None:
    db = PostgresDatabase(pg_database.replace("/odzew_", "/no_such_"), clock)
    with pytest.raises(StoreError, match="does not exist") as caught:
        await db.version()
    assert not caught.value.temporary
    await db.close()


# --- hearing ---------------------------------------------------------------------------------------------------------


async def test_a_broken_listener_is_replaced_and_says_that_anything_may_have_been_missed(db: PostgresDatabase, pg_database: str) -> None:
    heard: list[str] = []
    arrived = asyncio.Event()

    def hear(name: str) -> None:
        heard.append(name)
        arrived.set()

    db.listen(hear)
    await db.look()
    assert heard == [""]
    await db.look()
    assert heard == [""]
    await terminate(pg_database)
    while len(heard) < 2:  # until the loop has seen the connection end
        await works_again(db)
        await db.look()
    assert heard == ["", ""]
    arrived.clear()
    await execute(pg_database, "SELECT pg_notify('odzew', 'due')")
    await arrived.wait()
    assert heard == ["", "", "due"]


# --- durability ------------------------------------------------------------------------------------------------------


async def test_a_server_that_would_lose_commits_is_refused(db: PostgresDatabase, pg_database: str, clock: FixedClock) -> None:
    await db.require_durable()
    await execute(pg_database, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$")
    careless = PostgresDatabase(pg_database, clock)
    with pytest.raises(StoreError, match="synchronous_commit = off"):
        await careless.require_durable()
    await careless.close()
