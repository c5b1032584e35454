"""Which of a source's binds this process may hold, where several processes share a database: those it has the leases of.

A bind is given up before its lease runs out by our own clock, so that no other process can be bound while we still are.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from odzew.clock import Clock, Handle
from odzew.ingest.smpp.bind import Bind
from odzew.store.db import Database
from odzew.store.leases import LASTS, RENEWED, Lease

log = structlog.get_logger("odzew.smpp")

LOOK: Final = 2.0
"""Seconds between looks. A lease lasts 15 s from its last renewal, so a dead process is replaced within 17 s."""
MARGIN: Final = 3.0  # seconds before the end of a lease at which the bind is given up; it has 2 s to do so in order
SHARING: Final = 1.0  # seconds after each gain, in the first round, in which a process that starts beside us may take the next
POLITE: Final = 3  # gains after which that ends


class Tenure:
    """The leases of one source's binds. `run` it in a task; `close` gives them back."""

    def __init__(self, db: Database, clock: Clock, source_id: int, process: str, binds: list[Bind]) -> None:
        self._clock = clock
        self._binds = binds
        self._leases = [Lease(db, clock, f"bind:{source_id}:{slot}", process, lost=bind.forbid) for slot, bind in enumerate(binds)]
        self._ends: list[Handle | None] = [None] * len(binds)

    async def run(self) -> None:
        """Takes and renews until cancelled."""
        gained = 0
        for slot, lease in enumerate(self._leases):
            await self._ask(slot)
            if lease.fence is not None and gained < POLITE and slot + 1 < len(self._leases):
                gained += 1
                await self._clock.sleep(SHARING)
        while True:
            await self._clock.sleep(LOOK)
            due = [slot for slot, lease in enumerate(self._leases) if lease.left() <= LASTS - RENEWED]
            await asyncio.gather(*map(self._ask, due))

    async def close(self) -> None:
        """Gives all back; the binds must have ended."""
        for end in self._ends:
            if end is not None:
                end.cancel()
        await asyncio.gather(*(lease.close() for lease in self._leases))

    async def _ask(self, slot: int) -> None:
        await self._leases[slot].renew()
        self._watch(slot)

    def _watch(self, slot: int) -> None:
        """Lets the bind be held for as long as its lease may be relied on. Renewing may hang, so that this does not wait for it."""
        end = self._ends[slot]
        if end is not None:
            end.cancel()
        self._ends[slot] = None
        lease, bind = self._leases[slot], self._binds[slot]
        left = lease.left() - MARGIN
        if left > 0.0:
            bind.fence = lease.fence
            bind.allow()
            self._ends[slot] = self._clock.call_later(left, lambda: self._watch(slot))
        elif lease.fence is not None:
            bind.forbid()
