"""What a server that was killed still owed to clients, by the database that it left."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

from odzew.clock import Clock
from odzew.store.db import Request, Rows
from proof.stand import EngineName, opened


async def left_owed(url: str, engine: EngineName, place: Path, clock: Clock) -> set[int]:
    """Ids of the messages owed in the database as the dead server left it. SQLite: of a copy below `place`, so that the next server
    recovers it itself."""
    if engine == "sqlite":
        return await owed(copied(url, place))
    async with opened(url) as db, clock.deadline(10.0):
        while await db.read(_others):  # what the dead server had sent may still be committed
            await clock.sleep(0.01)
    return await owed(url)


def copied(url: str, place: Path) -> str:
    """Copies a SQLite database that nobody has open, with its log, below `place`; the URL of the copy."""
    source = Path(url.removeprefix("sqlite:///"))
    for name in ("copy.db-shm", "copy.db-wal"):
        (place / name).unlink(missing_ok=True)
    shutil.copyfile(source, place / "copy.db")
    if (log := source.with_name(source.name + "-wal")).exists():
        shutil.copyfile(log, place / "copy.db-wal")
    return f"sqlite:///{place / 'copy.db'}"


async def owed(url: str) -> set[int]:
    """Ids of the messages that some URL is still owed."""
    async with opened(url) as db:
        return await db.read(_owed)  # type: ignore[no-any-return]  # a unit's value has any type


def _owed() -> Generator[Request, Any, set[int]]:
    rows = yield Rows("SELECT d.message_id FROM owed o JOIN deliveries d ON d.id = o.delivery_id")
    return {row[0] for row in rows}


def _others() -> Generator[Request, Any, int]:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    rows = yield Rows(sql)
    return int(rows[0][0])
