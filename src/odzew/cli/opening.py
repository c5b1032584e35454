"""Opens the database for one verb, beside a running server or without one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import typer

from odzew.clock import Clock
from odzew.errors import StoreError, StoreVersion
from odzew.store.db import Database
from odzew.store.engines import open_database
from odzew.store.migrate import NEWEST

_FILE: Final = "sqlite:///"
_MAKE: Final = "`odzew apply FILE` makes it and sets it up"


@asynccontextmanager
async def opened(url: str, clock: Clock | None = None) -> AsyncIterator[Database]:
    """The database as it is. StoreError where it does not exist; StoreVersion where it is not of this version."""
    if not exists(url):
        raise StoreError(f"there is no database {url.removeprefix(_FILE)}: {_MAKE}")
    async with _connected(url, clock) as db:
        found = await db.version()
        if found == 0:
            raise StoreVersion(f"the database is empty: {_MAKE}")
        if found < NEWEST:
            raise StoreVersion(f"the database has migration {found} of {NEWEST}: `odzew serve` and `odzew apply` bring it up to date")
        _refuse_newer(found)
        yield db


@asynccontextmanager
async def opened_or_made(url: str, clock: Clock | None = None) -> AsyncIterator[Database]:
    """The database, made or brought up to date where needed; what was done is said on the standard error."""
    async with _connected(url, clock) as db:
        found = await db.version()
        _refuse_newer(found)
        for name in await db.migrate() if found < NEWEST else ():
            typer.echo(f"The database got migration {name}.", err=True)
        yield db


@asynccontextmanager
async def opened_or_empty(url: str, clock: Clock | None = None) -> AsyncIterator[Database]:
    """The database as it is; where its file does not exist an empty one that is gone afterwards, so that nothing is left behind."""
    if exists(url):
        async with opened(url, clock) as db:
            yield db
        return
    with TemporaryDirectory(prefix="odzew-") as directory:
        async with _connected(f"{_FILE}{directory}/empty.db", clock) as db:
            await db.migrate()
            yield db


def exists(url: str) -> bool:
    """Whether the file of a SQLite database is there; of a PostgreSQL server only a connection can tell."""
    return not url.startswith(_FILE) or Path(url.removeprefix(_FILE)).is_file()


@asynccontextmanager
async def _connected(url: str, clock: Clock | None) -> AsyncIterator[Database]:
    path = Path(url.removeprefix(_FILE))
    if url.startswith(_FILE) and not path.parent.is_dir():
        raise StoreError(f"there is no directory {path.parent}")
    db = open_database(url, clock or Clock())
    try:
        yield db
    finally:
        await db.close()


def _refuse_newer(found: int) -> None:
    if found > NEWEST:
        raise StoreVersion(f"the database has migration {found}, this program knows only {NEWEST}: use the newer version of odzew")
