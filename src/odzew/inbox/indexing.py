"""Fills the index of the inbox after the messages are stored, in short transactions with pauses between them."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import uuid4

import structlog

from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.inbox.terms import terms_of
from odzew.store import inbox_index
from odzew.store.db import Database
from odzew.store.inbox_index import AT_ONCE, Item
from odzew.store.inbox_lines import SEARCHED
from odzew.store.leases import RENEWED, Lease

EVERY: Final = 1.0
"""Seconds between looks, where there was nothing to do."""
BATCH: Final = 500  # messages in one transaction
PAUSE: Final = 0.02  # seconds after each: what is received comes first
RUSH: Final = 2_000
"""Messages a second from which on the index waits for a calmer moment: filling it costs about a third of what receiving costs."""
FAR_BEHIND: Final = 200_000
"""Messages that it may be behind for that; lists read so many without it."""

log = structlog.get_logger("odzew.inbox")


class Indexer:
    """`run` fills. Of several processes one does so at a time."""

    def __init__(self, db: Database, clock: Clock, rush: float = RUSH, far_behind: int = FAR_BEHIND) -> None:
        self._db = db
        self._clock = clock
        self._rush = rush
        self._far_behind = far_behind
        self._lease = Lease(db, clock, "inbox_index", f"indexer#{uuid4().hex}") if db.shared else None
        self._settled = 0  # all messages up to this id that will ever be there are there
        self._awaited: tuple[int, set[str]] | None = None
        self._more = False  # the last step left something behind
        self._filled = 0  # up to this id, as far as this process has done it
        self._looked: tuple[float, int] | None = None  # when, and how far it was settled then

    async def run(self) -> None:
        """Fills until cancelled; a database that is away is asked again."""
        while True:
            pause = EVERY
            try:
                pause = await self.look()
            except OdzewError as error:
                log.warning("inbox_not_indexed", error=str(error))
            except Exception:  # a fault of ours must not end the filling for good
                log.exception("inbox_not_indexed")
            await self._clock.sleep(pause)

    async def look(self) -> float:
        """Fills a batch, unless so much is coming in that it should wait; the seconds until the next look."""
        return PAUSE if not await self._rushed() and await self.step() and self._more else EVERY

    async def step(self) -> bool:
        """One batch of what is new and one of what was changed; whether there may be more of it."""
        if not await self._ours():
            return False
        await self._settle()
        filled = await self._fill()
        refilled: int = await self._db.write(inbox_index.refill, terms_of, SEARCHED)
        self._more = filled == BATCH or refilled == AT_ONCE
        return filled + refilled > 0

    async def _rushed(self) -> bool:
        """Whether so much is coming in that filling should wait, and may."""
        before, now = self._looked, self._clock.monotonic()
        await self._settle()
        self._looked = (now, self._settled)
        if before is None or now <= before[0]:
            return False
        rate = (self._settled - before[1]) / (now - before[0])
        return rate > self._rush and self._settled - self._filled < self._far_behind

    async def all(self) -> None:
        """Fills until there is nothing left to do."""
        while await self.step():
            continue

    async def close(self) -> None:
        """Lets another process fill at once."""
        if self._lease is not None:
            await self._lease.close()

    async def _fill(self) -> int:
        mark, items = await self._db.read(inbox_index.unindexed, self._settled, BATCH, SEARCHED)
        if not items:
            self._filled = mark
            return 0
        # Folding a long text takes its time, and the loop has others to serve.
        indexed = await asyncio.to_thread(inbox_index.with_terms, items, terms_of)
        last: Item = items[-1]
        await self._db.write(inbox_index.fill, mark, last.id, indexed)
        self._filled = last.id
        return len(items)

    async def _settle(self) -> None:
        """Ids may become visible out of their order: the mark must not pass one whose message is not there yet."""
        asked: tuple[int, set[str]] = await self._db.read(inbox_index.reserved if self._db.engine == "postgres" else inbox_index.newest)
        if self._awaited is not None and not self._awaited[1] & asked[1]:
            self._settled = max(self._settled, self._awaited[0])
            self._awaited = None
        if not asked[1]:
            self._settled = max(self._settled, asked[0])
        elif self._awaited is None:
            self._awaited = asked

    async def _ours(self) -> bool:
        if self._lease is None:
            return True
        if self._lease.left() < RENEWED:
            await self._lease.renew()
        return self._lease.left() > 0
