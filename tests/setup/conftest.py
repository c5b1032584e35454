"""A migrated database on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import FixedClock
from odzew.store.db import Database
from odzew.store.engines import open_database


@pytest.fixture(params=["sqlite", "postgres"])
async def db(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Database]:
    """Closed after the test."""
    url = f"sqlite:///{tmp_path}/odzew.db" if request.param == "sqlite" else request.getfixturevalue("pg_database")
    database = open_database(url, clock, fixed=True)
    await database.migrate()
    yield database
    await database.close()
