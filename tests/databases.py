"""Migrated databases for tests, made once and then copied or wiped: making one anew takes longer than most tests."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg

from odzew.clock import FixedClock
from odzew.store.engines import open_database
from odzew.store.sqlite import migrate_file

_numbers = itertools.count(1)

# All that a test may leave behind beside rows. A database where any of it differs from the template is thrown away, and so is one
# of whose tables PostgreSQL has counted the rows (many came, or the test asked for it): its plans would be others.
_SHAPE: Final = """
    SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
        SELECT format('%s %s %s %s', c.relname, c.relkind, c.relnatts, c.reltuples::bigint > 0) FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s %s %s', a.attrelid::regclass, a.attname, a.atttypid, a.attnotnull) FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
        UNION ALL SELECT format('%s %s', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT format('%s', conname) FROM pg_constraint
        UNION ALL SELECT format('%s', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s', setrole, setconfig) FROM pg_db_role_setting
            WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) AS shape (line)"""

_OTHERS: Final = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""

_WIPE: Final = """DO $$ DECLARE name regclass; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('DELETE FROM %s', name);
    END LOOP;
    FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' LOOP
        EXECUTE format('ALTER SEQUENCE %s RESTART', name);
    END LOOP;
END $$"""


def dsn_of(server: str, name: str) -> str:
    """The DSN of another database of the same server."""
    return server.replace("/postgres?", f"/{name}?")


async def execute(dsn: str, sql: str) -> None:
    """One statement over a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def create(server: str, template: str = "template0") -> str:
    """The name of a fresh database, made from a template."""
    name = f"odzew_{os.getpid()}_{next(_numbers)}"
    await execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


async def drop(server: str, name: str) -> None:
    """Drops a database, whoever is still connected."""
    await execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Migrated:
    """Migrated databases of one PostgreSQL server. One that a test gives back is wiped and given to the next."""

    server: str
    _template: str = ""
    _shape: str = ""
    _rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)  # what a fresh one has
    _free: list[str] = field(default_factory=list)

    async def take(self) -> str:
        """The name of a database as the migrations leave it."""
        if self._free:
            return self._free.pop()
        if not self._template:
            await self._make_template()
        return await create(self.server, self._template)

    async def give_back(self, name: str) -> None:
        """The test is done with it. What cannot be wiped is dropped."""
        if await self._wipe(name):
            self._free.append(name)
        else:
            await drop(self.server, name)

    async def _make_template(self) -> None:
        self._template = await create(self.server)
        dsn = dsn_of(self.server, self._template)
        database = open_database(dsn, FixedClock(), fixed=True)
        await database.migrate()
        await database.close()
        connection = await asyncpg.connect(dsn)
        try:
            self._shape = await connection.fetchval(_SHAPE)
            for (table,) in await connection.fetch(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            ):
                if rows := await connection.fetch(f"SELECT * FROM {table}"):
                    self._rows[table] = [tuple(row) for row in rows]
        finally:
            await connection.close()

    async def _wipe(self, name: str) -> bool:
        try:
            connection = await asyncpg.connect(dsn_of(self.server, name))
        except (asyncpg.PostgresError, OSError):  # the test has taken it away
            return False
        try:
            while await connection.fetchval(_OTHERS):
                pass
            if await connection.fetchval(_SHAPE) != self._shape:
                return False
            async with connection.transaction():
                await connection.execute(_WIPE)
                for table, rows in self._rows.items():
                    await connection.copy_records_to_table(table, records=rows)
            return True
        finally:
            await connection.close()


@functools.cache
def _migrated_file() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="odzew-template-")
    _kept.append(folder)
    path = Path(folder.name, "odzew.db")
    migrate_file(str(path))
    return path


_kept: list[tempfile.TemporaryDirectory[str]] = []


def migrated_file(path: Path) -> Path:
    """Makes a SQLite file as the migrations leave it; gives its path back."""
    shutil.copyfile(_migrated_file(), path)
    return path
