"""The engines by the scheme of the database's URL."""

from __future__ import annotations

from odzew.clock import Clock
from odzew.errors import SettingError
from odzew.store.db import Database
from odzew.store.postgres import PostgresDatabase
from odzew.store.sqlite import SqliteDatabase


def open_database(url: str, clock: Clock, fixed: bool = False) -> Database:
    """`sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://...`; nothing is migrated here.

    `fixed`: the injected clock stands in for the server's own (tests). SettingError for another scheme.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and not rest.startswith("/:memory:"):
        return SqliteDatabase(rest[1:], clock)
    if scheme in ("postgresql", "postgres"):
        return PostgresDatabase(url, clock, fixed)
    raise SettingError(f"{_without_password(url)!r} is no database: use sqlite:///file.db or postgresql://user:password@host/name")


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"...@{tail}" if at and head else url
