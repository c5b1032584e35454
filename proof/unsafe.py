"""The control of `proof.order`: the same server with a SQLite that does not wait for the disk. Never for anything else."""

from __future__ import annotations

import sqlite3

from odzew.serve import run_until_stopped
from odzew.settings import read
from odzew.store import sqlite

_safe = sqlite.connect


def unsafe(path: str, busy_ms: int = sqlite.BUSY_MS) -> sqlite3.Connection:
    """The engine's own connection with `synchronous` switched off."""
    connection = _safe(path, busy_ms)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


if __name__ == "__main__":
    sqlite.connect = unsafe
    run_until_stopped(read({}))
