"""A server of its own for each test: `house` on SQLite, `both` on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.store.engines import open_database
from tests.api.house import House, open_house
from tests.databases import migrated_file


@pytest.fixture
async def house(tmp_path: Path, clock: FixedClock) -> AsyncIterator[House]:
    async for opened in _houses(f"sqlite:///{migrated_file(tmp_path / 'odzew.db')}", clock):
        yield opened


@pytest.fixture
async def both(database_url: str, clock: FixedClock) -> AsyncIterator[House]:
    async for opened in _houses(database_url, clock):
        yield opened


async def _houses(url: str, clock: FixedClock) -> AsyncIterator[House]:
    database = open_database(url, clock, fixed=True)
    async with open_house(database, clock) as opened:
        yield opened
    await database.close()
