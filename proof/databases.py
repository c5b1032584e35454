"""Databases of one engine, one after another or side by side: empty ones, and copies of one that was filled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from proof.stand import EngineName, another_database, database, directory


@dataclass
class Databases:
    """SQLite: a file each below `root`; PostgreSQL: one server (`server`, its URL) with a database each."""

    engine: EngineName
    root: Path
    server: str = ""
    _urls: dict[str, str] = field(default_factory=dict)

    async def empty(self, name: str) -> str:
        """The URL of a fresh database; `name` is a plain word."""
        self._urls[name] = await another_database(self.server, name) if self.server else f"sqlite:///{self._file(name)}"
        return self._urls[name]

    async def copy(self, of: str, name: str) -> str:
        """The URL of a copy of a database that nobody has open."""
        if self.server:
            await self._execute(f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY file_copy")
            self._urls[name] = self.server.replace("/postgres?", f"/{name}?")
        else:
            shutil.copyfile(self._file(of), self._file(name))
            self._urls[name] = f"sqlite:///{self._file(name)}"
        return self._urls[name]

    async def drop(self, name: str) -> None:
        """Removes it, whoever is still connected."""
        del self._urls[name]
        if self.server:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")
        else:
            for file in self.root.glob(f"{name}.db*"):
                file.unlink()

    def place(self) -> Path:
        """A directory for files beside them."""
        return self.root

    def _file(self, name: str) -> Path:
        return self.root / f"{name}.db"

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.server)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@contextmanager
def databases(engine: EngineName) -> Iterator[Databases]:
    """All of them are gone at the end."""
    with directory() as root:
        if engine == "sqlite":
            yield Databases(engine, root)
            return
        with database(engine, root) as url:
            yield Databases(engine, root, url)
