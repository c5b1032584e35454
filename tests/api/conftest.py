"""A server of its own for each test: `house` on SQLite, `both` on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.store.engines import open_database
from tests.api.house import House, open_house


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    async for opened in _houses(_file(tmp_path), clock):
        yield opened


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database on each engine. Not itself async: an async fixture cannot ask for another by name."""
    return _file(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue("pg_database"))


@pytest.fixture
async def both(url: str, clock: FixedClock) -> AsyncIterator[House]:
    async for opened in _houses(url, clock):
        yield opened


def _file(directory: Path) -> str:
    return f"sqlite:///{directory}/odzew.db"


async def _houses(url: str, clock: FixedClock) -> AsyncIterator[House]:
    database = open_database(url, clock, fixed=True)
    await database.migrate()
    async with open_house(database, clock) as opened:
        yield opened
    await database.close()
