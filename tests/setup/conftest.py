"""A migrated database on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.store.db import Database
from odzew.store.engines import open_database


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    return f"sqlite:///{tmp_path}/odzew.db" if request.param == "sqlite" else str(request.getfixturevalue("pg_database"))


@pytest.fixture
async def db(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Closed after the test."""
    database = open_database(database_url, clock, fixed=True)
    await database.migrate()
    yield database
    await database.close()
