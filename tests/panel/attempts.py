"""Waiting for calls to the targets of a house."""

from __future__ import annotations

import asyncio

from odzew.model import Attempt, Owed
from odzew.store.deliveries import Result
from tests.panel.house import House


class Attempts:
    """Hears of every call from now on, once it is written down."""

    def __init__(self, house: House) -> None:
        self._told: asyncio.Queue[Attempt] = asyncio.Queue()
        house.server.on_attempt.append(self._attempted)

    async def are(self, number: int) -> list[Attempt]:
        """The next so many."""
        return [await self._told.get() for _ in range(number)]

    def _attempted(self, _owed: Owed, attempt: Attempt, _result: Result) -> None:
        self._told.put_nowait(attempt)
