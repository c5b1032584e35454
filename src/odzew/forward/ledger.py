"""The ledger: outcomes on their way into the database, committed in groups like arrivals are.

Whatever waits while the last commit runs is the next group: no timer. If the database is away the outcomes are kept and tried
again; the deliveries stay held meanwhile, so nobody calls twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

import structlog

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.store import deliveries
from odzew.store.db import Database, Request
from odzew.store.deliveries import Ending, Result
from odzew.store.leases import Fence, Fenced, check

GROUP: Final = 1_000
AGAIN: Final = 0.5  # seconds until the database is asked again
FULL: Final = 2_000  # outcomes waiting; no call is started beyond

log = structlog.get_logger("odzew.forward")

Entry = Result | Ending


def write(entries: Sequence[Entry], fence: Fence | None) -> Generator[Request, Any, None]:
    """One group. Fenced where another process has taken over since: then nothing of it is written."""
    if fence is not None:
        yield from check(fence)
    results = [entry for entry in entries if isinstance(entry, Result)]
    endings = [entry for entry in entries if isinstance(entry, Ending)]
    if results:
        yield from deliveries.record(results)
    if endings:
        yield from deliveries.end(endings)


class Ledger:
    """Commits entries and then tells `written` of them (also of fenced ones: they are no longer ours to hold)."""

    def __init__(self, db: Database, clock: Clock, written: Callable[[Sequence[Entry]], None]) -> None:
        self._db = db
        self._clock = clock
        self._written = written
        self._waiting: list[Entry] = []
        self._worker: asyncio.Task[None] | None = None
        self.fence: Fence | None = None

    @property
    def is_full(self) -> bool:
        """Whether so much waits that no further call should be started."""
        return len(self._waiting) >= FULL

    def add(self, *entries: Entry) -> None:
        """Takes entries; they are committed as soon as the last commit is done."""
        self._waiting.extend(entries)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="odzew-ledger")

    async def flush(self) -> None:
        """Waits until everything taken so far is committed."""
        while self._worker is not None and not self._worker.done():
            await asyncio.shield(self._worker)

    def give_up(self) -> list[Entry]:
        """Stops trying; gives what could not be written (its deliveries are still owed in the database)."""
        if self._worker is not None:
            self._worker.cancel()
        left, self._waiting = self._waiting, []
        return left

    async def _work(self) -> None:
        while self._waiting:
            group = self._waiting[:GROUP]
            try:
                await self._db.write(write, group, self.fence)
            except Fenced:
                log.warning("fenced", outcomes=len(group))
            except StoreError as error:
                if not error.temporary:
                    log.error("outcomes_refused", outcomes=len(group), error=str(error))
                await self._clock.sleep(AGAIN)
                continue
            del self._waiting[: len(group)]
            self._written(group)
