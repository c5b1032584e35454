"""Who changed what: a counter for each thing that processes keep in memory.

Whoever changes directory, targets, due times or messages from outside the receiving path bumps its counter in the same
transaction. A server hears of it by NOTIFY (PostgreSQL) or by `PRAGMA data_version` (SQLite), looked at every half second, and
reads the counters then; the counters are also the backstop if a notification was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Literal

import structlog

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.store.db import Database, Notify, Request, Rows

Changed = Literal["directory", "targets", "due", "messages"]
EVERY = 0.5  # seconds

log = structlog.get_logger("odzew.changes")


def bump(*names: Changed) -> Generator[Request, Any, None]:
    """Counts a change of each name and tells all processes once committed; for `yield from`."""
    for name in sorted(set(names)):  # all in one order: two that bump the same names never wait for each other in a circle
        yield Rows("UPDATE changes SET counter = counter + 1 WHERE name = ?", (name,))
        yield Notify(name)


def counters() -> Generator[Request, Any, dict[str, int]]:
    """All counters by name."""
    rows = yield Rows("SELECT name, counter FROM changes", packed=2)
    return {row[0]: row[1] for row in rows}


class Changes:
    """Watches the counters for one server process and calls who wants to know of each name."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._known: dict[str, int] = {}
        self._wants: dict[str, list[Callable[[], None]]] = {}
        self._direct: dict[str, Callable[[str], None]] = {}
        self._moved = asyncio.Event()
        self._told: set[str] = set()
        db.listen(self._hear)

    def subscribe(self, name: Changed, callback: Callable[[], None]) -> None:
        """`callback` is called on the loop after a change of `name` by whomever was committed."""
        self._wants.setdefault(name, []).append(callback)

    def hear(self, word: str, callback: Callable[[str], None]) -> None:
        """`callback` is called as soon as `word` or `word:...` is notified, with what stands behind the colon. Where a notification is
        missed nothing tells of it."""
        self._direct[word] = callback

    def _hear(self, name: str) -> None:
        word, colon, rest = name.partition(":")
        if word in self._direct and (colon or word not in self._wants):
            self._direct[word](rest)
            return
        self._told.add(name)
        self._moved.set()

    async def start(self) -> None:
        """Takes the present counters as known."""
        self._known = await self._db.read(counters)

    async def run(self) -> None:
        """Watches until cancelled; a database that is away is asked again."""
        while True:
            await self._clock.wait(self._moved, EVERY)
            try:
                await self._db.look()
                self._moved.clear()
                # What was heard stays in `_told` until the counters could be read.
                if self._told or self._db.shared:
                    await self.look()
            except StoreError as error:
                log.debug("changes_unseen", error=str(error))

    async def look(self) -> None:
        """Reads the counters once and tells of what moved."""
        found = await self._db.read(counters)
        before, self._known = self._known, found
        told, self._told = self._told, set()
        # A notification alone counts too: what is owed is announced without a counter. Where notifications may have been
        # missed ('' from an engine that has them), everybody is told.
        missed = self._db.shared and "" in told
        for name, counter in found.items():
            if before.get(name) != counter or name in told or missed:
                for callback in self._wants.get(name, ()):
                    callback()
