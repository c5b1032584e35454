"""Migrations: numbered, each whole or not at all, one process at a time, the same tables on both engines."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from odzew.clock import FixedClock
from odzew.errors import StoreError, StoreUnavailable, StoreVersion
from odzew.store.db import Database, statement
from odzew.store.engines import open_database
from odzew.store.migrate import MIGRATIONS, NEWEST, applied_names, refuse_newer
from odzew.store.sqlite import migrate_file, statements

FULL_TEXT = "inbox_words"
MIGRATE = """
import asyncio, sys
from odzew.clock import Clock
from odzew.store.engines import open_database

async def main():
    db = open_database(sys.argv[1], Clock())
    print(sys.stdin.readline().strip(), *await db.migrate(), await db.version(), flush=True)
    await db.close()

asyncio.run(main())
"""


def test_both_engines_have_the_same_migrations_without_a_gap() -> None:
    numbers = [number for number, _, _ in MIGRATIONS["sqlite"]]
    assert numbers == list(range(1, NEWEST + 1))
    assert [row[:2] for row in MIGRATIONS["postgres"]] == [row[:2] for row in MIGRATIONS["sqlite"]]
    assert all(name == f"{number:04}_{name[5:]}" for number, name, _ in MIGRATIONS["sqlite"])


def test_what_is_newer_is_refused_and_what_is_older_is_not() -> None:
    refuse_newer([])
    refuse_newer([(number, "any") for number in range(1, NEWEST + 1)])
    with pytest.raises(StoreVersion, match="newer version"):
        refuse_newer([(1, "0001_first"), (NEWEST + 1, "of tomorrow")])
    assert applied_names([(1, "0001_first")]) == {1: "0001_first"}


def test_a_script_is_cut_at_the_ends_of_its_statements() -> None:
    script = "-- a comment; with a semicolon\nCREATE TABLE a (b TEXT DEFAULT ';');\n\nINSERT INTO a\nVALUES ('x;');\n-- the end\n"
    assert [piece.strip().splitlines()[-1] for piece in statements(script)] == ["CREATE TABLE a (b TEXT DEFAULT ';');", "VALUES ('x;');"]


async def test_processes_that_migrate_at_once_apply_each_once(empty_url: str) -> None:
    """Four processes are started, wait for a word, and go together."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, empty_url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(4)
    ]
    answers = [out.decode().split() for out, _ in await asyncio.gather(*(process.communicate(b"go\n") for process in processes))]
    assert [process.returncode for process in processes] == [0] * 4
    applied = [name for _, *names, _ in answers for name in names]
    assert sorted(applied) == sorted(name for _, name, _ in MIGRATIONS["sqlite"])
    assert {answer[-1] for answer in answers} == {str(NEWEST)}


async def test_a_migration_that_fails_leaves_nothing_of_itself(empty_url: str, clock: FixedClock) -> None:
    """A table of that name is in the way of the last one of the first migration."""
    db = open_database(empty_url, clock, fixed=True)
    try:
        await db.write(statement, "CREATE TABLE leases (mine INTEGER)")
        with pytest.raises(StoreError):
            await db.migrate()
        assert await db.version() == 0
        await db.write(statement, "CREATE TABLE accounts (mine INTEGER)")  # nothing is there
        await db.write(statement, "DROP TABLE accounts")
        await db.write(statement, "DROP TABLE leases")
        assert len(await db.migrate()) == NEWEST
    finally:
        await db.close()


async def test_rows_survive_a_second_migration(db: Database, open_again: Callable[[], Database]) -> None:
    await db.write(statement, "INSERT INTO installation (name, value) VALUES ('a', '1')")
    assert await open_again().migrate() == []
    assert len(await db.read(statement, "SELECT name FROM installation")) == 1


async def test_both_engines_have_the_same_tables_and_columns(tmp_path: Path, pg_database: str, clock: FixedClock) -> None:
    path = str(tmp_path / "odzew.db")
    migrate_file(path)
    lite = sqlite3.connect(path)
    tables = [row[0] for row in lite.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    # Full text is kept by each engine in its own way, in SQLite in several tables.
    tables = [table for table in tables if not table.startswith(FULL_TEXT)]
    in_sqlite = {(table, row[1], bool(row[3] or row[5])) for table in tables for row in lite.execute(f"PRAGMA table_info({table})")}
    lite.close()
    db = open_database(pg_database, clock)
    await db.migrate()
    await db.close()
    connection = await asyncpg.connect(pg_database)
    sql = "SELECT table_name, column_name, is_nullable = 'NO' FROM information_schema.columns WHERE table_schema = 'public'"
    in_postgres = {tuple(row) for row in await connection.fetch(sql) if row[0] != FULL_TEXT}
    await connection.close()
    assert {row for row in in_sqlite if row[0] != "sequences"} == in_postgres  # PostgreSQL has sequences of its own


def test_a_file_in_a_missing_directory_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no directory"):
        migrate_file(str(tmp_path / "no such" / "odzew.db"))
