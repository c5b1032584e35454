"""The ledger: outcomes on their way into the database, committed in groups like arrivals are.

Whatever waits while the last commit runs is the next group: no timer. If the database is away the outcomes are kept and tried
again; the deliveries stay held meanwhile, so nobody is called twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
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
UNSTORABLE: Final = "the database refused the details of this attempt, see the log"

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
    """Commits entries and then tells `written` of them. `fenced` is told when they are no longer ours to write: they are dropped."""

    def __init__(
        self, db: Database, clock: Clock, written: Callable[[Sequence[Entry]], None], fenced: Callable[[], None] = lambda: None
    ) -> None:
        self._db = db
        self._clock = clock
        self._written = written
        self._fenced = fenced
        self._waiting: list[Entry] = []
        self._size = GROUP
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

    async def give_up(self) -> list[Entry]:
        """Stops trying; gives what could not be written (its deliveries are still owed in the database)."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        left, self._waiting = self._waiting, []
        return left

    async def _work(self) -> None:
        while self._waiting:
            group = self._waiting[: self._size]
            try:
                await self._db.write(write, group, self.fence)
            except Fenced:
                log.warning("fenced", outcomes=len(self._waiting))
                self._waiting.clear()
                self._fenced()
            except Exception as error:  # whatever it is, the other outcomes must get through
                await self._failed(group, error)
            else:
                self._size = GROUP
                del self._waiting[: len(group)]
                self._written(group)

    async def _failed(self, group: list[Entry], error: Exception) -> None:
        """Waits for a database that is away. What it refuses is halved until the culprit stands alone, and stored without details."""
        if isinstance(error, StoreError) and error.temporary:
            log.warning("outcomes_wait", outcomes=len(self._waiting), error=str(error))
            await self._clock.sleep(AGAIN)
        elif len(group) > 1:
            self._size = len(group) // 2
        else:
            log.error("outcome_refused", delivery=_delivery_of(group[0]), error=f"{type(error).__name__}: {error}")
            if isinstance(group[0], Result) and group[0].attempt.detail != UNSTORABLE:
                self._waiting[0] = _bare(group[0])
            else:
                self._size = GROUP
                self._waiting.append(self._waiting.pop(0))  # it stays held, and its turn comes again
                await self._clock.sleep(AGAIN)


def _delivery_of(entry: Entry) -> int:
    return entry.attempt.delivery_id if isinstance(entry, Result) else entry.delivery_id


def _bare(result: Result) -> Result:
    return result._replace(attempt=replace(result.attempt, url="", address="", status=None, body=b"", detail=UNSTORABLE, timings=""))
