"""A third engine behind the seam, for simulations: SQLite in memory, run on the loop itself.

Nothing depends on threads, so every run of a simulation goes through the same awaits. `Disk` outlives the processes that open it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Literal

from odzew.clock import Clock
from odzew.store.db import MakeUnit, Many, Now, Reserve, Rows, Unit
from odzew.store.migrate import MIGRATIONS
from odzew.store.sqlite import statements
from odzew.store.words import for_sqlite


async def turn() -> None:
    """Lets the loop go round once."""
    loop = asyncio.get_running_loop()
    passed: asyncio.Future[None] = loop.create_future()
    loop.call_soon(lambda: None if passed.done() else passed.set_result(None))  # done: whoever waited was cancelled
    await passed


class Disk:
    """What is committed."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        for _, _, script in MIGRATIONS["sqlite"]:
            for statement in statements(script):
                self.connection.execute(statement)

    def close(self) -> None:
        self.connection.close()


class InlineDatabase:
    """`store.db.Database` over a disk. Each unit is one step; before and after it the loop goes round."""

    engine: Literal["sqlite"] = "sqlite"
    shared = False

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        await turn()
        connection = self._disk.connection
        connection.execute("BEGIN")
        try:
            value = self._run(unit(*args))
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        await turn()
        return value

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        await turn()
        value = self._run(unit(*args))
        await turn()
        return value

    async def version(self) -> int:
        return len(MIGRATIONS["sqlite"])

    async def migrate(self) -> list[str]:
        return []

    def listen(self, heard: Callable[[str], None]) -> None:
        pass

    async def look(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def _run(self, unit: Unit) -> Any:
        answer: Any = None
        try:
            while True:
                answer = self._perform(unit.send(answer))
        except StopIteration as end:
            return end.value

    def _perform(self, request: object) -> Any:
        connection = self._disk.connection
        if isinstance(request, Rows):
            return connection.execute(for_sqlite(request.sql), _parameters(request.parameters)).fetchall()
        if isinstance(request, Many):
            connection.executemany(for_sqlite(request.sql), request.rows)
            return None
        if isinstance(request, Reserve):
            sql = "UPDATE sequences SET next = next + ? WHERE name = ? RETURNING next"
            (end,) = connection.execute(sql, (request.n, request.table)).fetchone()
            return list(range(end - request.n, end))
        return self._clock.now() if isinstance(request, Now) else None


def _parameters(parameters: Sequence[Any]) -> list[Any]:
    return [json.dumps(value) if isinstance(value, list) else value for value in parameters]
