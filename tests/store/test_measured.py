"""A watched database tells of commits after them and of refusals, and is the same database otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import OdzewError, StoreError
from odzew.store.db import Database, Now, Request, Rows, statement
from odzew.store.measured import Measured


def rename(name: str, fault: Exception | None = None) -> Generator[Request, Any, str]:
    yield Rows("INSERT INTO accounts (name) VALUES (?)", (name,))
    if fault is not None:
        raise fault
    return name.upper()


class Desk:
    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.told: list[tuple[tuple[Any, ...], Any, float]] = []
        self.failed: list[type[StoreError]] = []
        self.inner = db
        self.db = Measured(db, clock, {rename: self._committed}, lambda error: self.failed.append(type(error)))

    def _committed(self, args: tuple[Any, ...], value: Any, seconds: float) -> None:
        self.told.append((args, value, seconds))


@pytest.fixture
def desk(db: Database, clock: FixedClock) -> Desk:
    return Desk(db, clock)


async def test_a_commit_is_told_with_what_it_held(desk: Desk) -> None:
    assert await desk.db.write(rename, "acme") == "ACME"
    assert desk.told == [(("acme",), "ACME", 0.0)]
    assert [tuple(row) for row in await desk.db.read(statement, "SELECT name FROM accounts")] == [("acme",)]


async def test_other_units_are_nobodys_business(desk: Desk) -> None:
    await desk.db.write(statement, "INSERT INTO accounts (name) VALUES ('acme')")
    assert desk.told == []


async def test_what_is_rolled_back_was_never_there(desk: Desk) -> None:
    with pytest.raises(OdzewError, match="undone"):
        await desk.db.write(rename, "acme", OdzewError("undone"))
    assert (desk.told, desk.failed, desk.db.writing) == ([], [], 0)


async def test_refusals_are_told_and_raised(desk: Desk) -> None:
    with pytest.raises(StoreError):
        await desk.db.write(statement, "INSERT INTO nothing VALUES (1)")
    with pytest.raises(StoreError):
        await desk.db.read(statement, "SELECT nothing")
    assert (desk.failed, desk.db.writing) == ([StoreError, StoreError], 0)


class Slow:
    """A database that takes its time."""

    engine, shared = "sqlite", False

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def write(self, unit: Any, *args: Any) -> Any:
        await self.opened.wait()
        return "done"


async def test_how_long_it_took_and_how_many_are_under_way(clock: FixedClock) -> None:
    slow = Slow()
    desk = Desk(slow, clock)  # type: ignore[arg-type]  # a database that only writes
    writing = [asyncio.create_task(desk.db.write(rename, name)) for name in "ab"]
    passed = asyncio.Event()
    asyncio.get_running_loop().call_soon(passed.set)
    await passed.wait()
    assert desk.db.writing == 2
    clock.advance(1.5)
    slow.opened.set()
    await asyncio.gather(*writing)
    assert desk.db.writing == 0
    assert desk.told == [(("a",), "done", 1.5), (("b",), "done", 1.5)]


def _now() -> Generator[Request, Any, int]:
    now: int = yield Now()
    return now


async def test_it_is_the_same_database(desk: Desk, clock: FixedClock) -> None:
    assert (desk.db.engine, desk.db.shared) == (desk.inner.engine, desk.inner.shared)
    assert await desk.db.version() == await desk.inner.version() > 0
    assert await desk.db.migrate() == []
    assert await desk.db.read(_now) == clock.now()
    heard: list[str] = []
    desk.db.listen(heard.append)
    await desk.db.look()
    await desk.db.look()
    await desk.db.close()
    with pytest.raises(StoreError, match="closed"):
        await desk.inner.read(_now)
