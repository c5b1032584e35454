"""`/healthz` and `/readyz` before a real database, in each of its states."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.operations.health import PATIENCE, create_health
from odzew.store.db import statement
from odzew.store.sqlite import SqliteDatabase
from tests.ingest.asgi import Answer, call


class House:
    def __init__(self, db: SqliteDatabase, clock: FixedClock) -> None:
        self.db = db
        self.stopping = False
        self.app = create_health("1.2.3", db, clock, lambda: self.stopping)

    async def get(self, path: str, method: str = "GET") -> Answer:
        return await call(self.app, method, path)


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    db = SqliteDatabase(str(tmp_path / "health.db"), clock)
    yield House(db, clock)
    await db.close()


async def test_alive(house: House) -> None:
    answer = await house.get("/healthz")
    assert (answer.status, answer.json) == (200, {"status": "alive", "version": "1.2.3"})
    await house.db.close()
    house.stopping = True
    assert (await house.get("/healthz")).status == 200, "alive says nothing of the database"


async def test_ready_once_migrated(house: House) -> None:
    answer = await house.get("/readyz")
    assert (answer.status, answer.json) == (503, {"status": "not ready", "reason": "the database awaits a migration"})
    await house.db.migrate()
    answer = await house.get("/readyz")
    assert (answer.status, answer.json, answer.headers[b"cache-control"]) == (200, {"status": "ready"}, b"no-store")


async def test_not_ready_before_a_newer_database(house: House) -> None:
    await house.db.migrate()
    await house.db.write(statement, "INSERT INTO migrations (number, name) VALUES (9999, 'later')")
    assert (await house.get("/readyz")).json == {"status": "not ready", "reason": "the database is of a newer version"}


async def test_not_ready_while_stopping(house: House) -> None:
    await house.db.migrate()
    house.stopping = True
    assert (await house.get("/readyz")).json == {"status": "not ready", "reason": "stopping"}


async def test_not_ready_without_a_database(house: House) -> None:
    await house.db.migrate()
    await house.db.close()
    answer = await house.get("/readyz")
    assert (answer.status, answer.json["reason"]) == (503, "the database does not answer")


class Silent(SqliteDatabase):
    """A database behind a network that swallows everything."""

    def __init__(self, path: str, clock: FixedClock) -> None:
        super().__init__(path, clock)
        self.asked = asyncio.Event()

    async def version(self) -> int:
        self.asked.set()
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        return await answer


async def test_a_database_that_never_answers(tmp_path: Path, clock: FixedClock) -> None:
    db = Silent(str(tmp_path / "silent.db"), clock)
    asking = asyncio.create_task(House(db, clock).get("/readyz"))
    await db.asked.wait()
    clock.advance(PATIENCE)
    assert (await asking).status == 503
    await db.close()


@pytest.mark.parametrize(("method", "path", "status"), [("HEAD", "/healthz", 200), ("POST", "/healthz", 405), ("GET", "/other", 404)])
async def test_other_requests(house: House, method: str, path: str, status: int) -> None:
    assert (await house.get(path, method)).status == status
