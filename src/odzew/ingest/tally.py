"""Counts what each source over HTTP brings to this process, and writes it down now and then for whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.model import Receipt
from odzew.store import tallies
from odzew.store.db import Database
from odzew.store.tallies import Tally

EVERY: Final = 5.0
"""Seconds between two notes; nothing is written while nothing changes."""

log = structlog.get_logger("odzew.ingest")


class Tallies:
    """`brought` and `refused` are told by the ways in; `run` writes, and `close` writes the rest.

    `refusals` has the refused requests of this process by source and HTTP status.
    """

    def __init__(self, db: Database, clock: Clock, process: str) -> None:
        self._db = db
        self._clock = clock
        self._process = process
        self._known: dict[int, Tally] = {}
        self._moved: set[int] = set()
        self.refusals: Counter[tuple[int, str]] = Counter()

    def brought(self, source_id: int, receipts: Sequence[Receipt]) -> None:
        """What was stored; repetitions do not count again."""
        tally = self._of(source_id)
        for receipt in receipts:
            if receipt.duplicate:
                continue
            if receipt.kind == "report":
                tally.reports += 1
            else:
                tally.messages += 1
        tally.last_message_at = self._clock.now()

    def refused(self, source_id: int, status: int) -> None:
        """One request of which nothing was stored, and what it was answered."""
        tally = self._of(source_id)
        tally.refused += 1
        tally.fault = f"answered {status}"
        self.refusals[source_id, str(status)] += 1

    def states(self) -> list[Tally]:
        """What is counted by now."""
        return list(self._known.values())

    async def run(self) -> None:
        """Writes until cancelled; what could not be written is written next time."""
        while True:
            await self._clock.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """Writes what has changed."""
        moved, self._moved = self._moved, set()
        if not moved:
            return
        try:
            await self._db.write(tallies.note, [self._known[key] for key in sorted(moved)])
        except StoreError as error:
            self._moved |= moved
            log.warning("tally_not_written", error=str(error))

    def _of(self, source_id: int) -> Tally:
        self._moved.add(source_id)
        if source_id not in self._known:
            self._known[source_id] = Tally(source_id, self._process, self._clock.now())
        return self._known[source_id]
