"""The server of `proof.replay` that checkpoints often, so that a short recording holds many: SQLite's log starts anew, or is cut to
nothing, after a few pages. All else is the product's."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Final

from odzew.serve import run_until_stopped
from odzew.settings import read
from odzew.store import engines, sqlite

PAGES: Final = 30  # of the log, after which SQLite copies it into the database
WAL_BYTES: Final = 150_000  # beyond which our writer cuts it
_plain = sqlite.connect


def hasty(path: str, busy_ms: int = sqlite.BUSY_MS) -> sqlite3.Connection:
    """The engine's own connection with a short log."""
    connection = _plain(path, busy_ms)
    connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES}")
    return connection


if __name__ == "__main__":
    sqlite.connect = hasty
    engines.SqliteDatabase = partial(sqlite.SqliteDatabase, wal_bytes=WAL_BYTES)  # type: ignore[attr-defined, assignment]  # a class with one argument given
    run_until_stopped(read({}))
