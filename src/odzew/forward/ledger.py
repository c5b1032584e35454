"""The ledger: outcomes on their way into the database, committed in groups like arrivals are.

Whatever waits while the last commit runs is the next group: no timer. If the database is away the outcomes are kept and tried
again; the deliveries stay held meanwhile, so nobody is called twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import structlog

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.store import deliveries
from odzew.store.db import Database, Request
from odzew.store.deliveries import Ending, Result
from odzew.store.leases import Fence, lost

GROUP: Final = 1_000
AGAIN: Final = 0.5  # seconds until the database is asked again
FULL: Final = 2_000  # outcomes waiting; no call is started beyond
UNSTORABLE: Final = "the database refused the details of this attempt, see the log"

log = structlog.get_logger("odzew.forward")

Entry = Result | Ending


class Waiting(NamedTuple):
    """An entry and what it is checked against; None where nobody else could hold its target."""

    entry: Entry
    fence: Fence | None


def write(group: Sequence[Waiting]) -> Generator[Request, Any, set[Fence]]:
    """One group. What another process has taken over since is left out; those fences are given."""
    fences = {one.fence for one in group if one.fence is not None}
    gone = (yield from lost(fences)) if fences else set()
    entries = [one.entry for one in group if one.fence not in gone] if gone else [one.entry for one in group]
    results = [entry for entry in entries if isinstance(entry, Result)]
    endings = [entry for entry in entries if isinstance(entry, Ending)]
    if results:
        yield from deliveries.record(results)
    if endings:
        yield from deliveries.end(endings)
    return gone


class Ledger:
    """Commits entries and then tells `written` of them. `fenced` is told of those that are no longer ours to write: they are dropped."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        written: Callable[[Sequence[Entry]], None],
        fenced: Callable[[Collection[Fence], Sequence[Entry]], None] = lambda fences, entries: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._written = written
        self._fenced = fenced
        self._waiting: list[Waiting] = []
        self._size = GROUP
        self._worker: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Outcomes that are not committed yet."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether so much waits that no further call should be started."""
        return len(self._waiting) >= FULL

    def add(self, entry: Entry, fence: Fence | None = None) -> None:
        """Takes an entry; it is committed as soon as the last commit is done."""
        self._waiting.append(Waiting(entry, fence))
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
        return [one.entry for one in left]

    async def _work(self) -> None:
        while self._waiting:
            group = self._waiting[: self._size]
            try:
                gone: set[Fence] = await self._db.write(write, group)
            except Exception as error:  # whatever it is, the other outcomes must get through
                await self._failed(group, error)
            else:
                self._size = GROUP
                del self._waiting[: len(group)]
                dropped = [one.entry for one in group if one.fence in gone] if gone else []
                if dropped:
                    log.warning("fenced", outcomes=len(dropped))
                    self._fenced(gone, dropped)
                self._written([one.entry for one in group if one.fence not in gone] if gone else [one.entry for one in group])

    async def _failed(self, group: list[Waiting], error: Exception) -> None:
        """Waits for a database that is away. What it refuses is halved until the culprit stands alone, and stored without details."""
        if isinstance(error, StoreError) and error.temporary:
            log.debug("outcomes_wait", outcomes=len(self._waiting), error=str(error))
            await self._clock.sleep(AGAIN)
        elif len(group) > 1:
            self._size = len(group) // 2
        else:
            entry = group[0].entry
            log.error("outcome_refused", delivery=_delivery_of(entry), error=f"{type(error).__name__}: {error}")
            if isinstance(entry, Result) and entry.attempt.detail != UNSTORABLE:
                self._waiting[0] = group[0]._replace(entry=_bare(entry))
            else:
                self._size = GROUP
                self._waiting.append(self._waiting.pop(0))  # it stays held, and its turn comes again
                await self._clock.sleep(AGAIN)


def _delivery_of(entry: Entry) -> int:
    return entry.attempt.delivery_id if isinstance(entry, Result) else entry.delivery_id


def _bare(result: Result) -> Result:
    return result._replace(attempt=replace(result.attempt, url="", address="", status=None, body=b"", detail=UNSTORABLE, timings=""))
