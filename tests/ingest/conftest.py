"""A house of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.store.engines import open_database
from odzew.store.sqlite import SqliteDatabase
from tests.databases import migrated_file
from tests.ingest import mm7_house
from tests.ingest.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    db = SqliteDatabase(str(migrated_file(tmp_path / "house.db")), clock)
    made = await open_house(db)
    yield made
    await made.inbox.close()
    await db.close()


@pytest.fixture
async def pg_house(pg_migrated: str, clock: FixedClock) -> AsyncIterator[House]:
    """The same on PostgreSQL, which takes no NUL in a text and is strict about types."""
    db = open_database(pg_migrated, clock)
    made = await open_house(db)
    yield made
    await made.inbox.close()
    await db.close()


@pytest.fixture
async def mms(tmp_path: Path, clock: FixedClock) -> AsyncIterator[mm7_house.House]:
    """A house with sources of the protocol `mm7`, and the pull API."""
    db = SqliteDatabase(str(migrated_file(tmp_path / "mms.db")), clock)
    async with mm7_house.opened(db, clock) as made:
        yield made
        await made.api.inbox.close()
    await db.close()


@pytest.fixture
async def pg_mms(pg_migrated: str, clock: FixedClock) -> AsyncIterator[mm7_house.House]:
    """The same on PostgreSQL."""
    db = open_database(pg_migrated, clock)
    async with mm7_house.opened(db, clock) as made:
        yield made
        await made.api.inbox.close()
    await db.close()
