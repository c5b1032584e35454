"""A house with the whole set-up, on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from odzew.store.db import Database
from tests.inbox.directory import set_up
from tests.inbox.house import House


@pytest.fixture
async def house(db: Database) -> AsyncIterator[House]:
    """Closed after the test."""
    house = House(db, await set_up(db))
    yield house
    await house.inbox.close()
