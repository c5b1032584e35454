"""Waiting for calls to the targets of a house."""

from __future__ import annotations

import asyncio

from odzew.model import Attempt, Owed
from odzew.store.db import statement
from odzew.store.deliveries import Result
from tests.panel.house import House


class Attempts:
    """Hears of every call from now on, once it is written down."""

    def __init__(self, house: House) -> None:
        self._told: asyncio.Queue[Attempt] = asyncio.Queue()
        self._db = house.server.db
        house.server.on_attempt.append(self._attempted)

    async def are(self, number: int) -> list[Attempt]:
        """The next so many."""
        found = [await self._told.get() for _ in range(number)]
        sql = "SELECT count(*) FROM attempts WHERE delivery_id = ? AND started_at = ?"
        for one in found:
            while not (await self._db.read(statement, sql, one.delivery_id, one.started_at))[0][0]:
                continue  # it is told of a moment before it is written
        return found

    def _attempted(self, _owed: Owed, attempt: Attempt, _result: Result) -> None:
        self._told.put_nowait(attempt)
