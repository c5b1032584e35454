"""What is done beside receiving: messages of overdue sets, the index of the inbox, sessions of the panel that are over, old alarms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from odzew.clock import MINUTE, SECOND, Clock
from odzew.errors import OdzewError
from odzew.inbox.announce import Ours, everything
from odzew.inbox.batch import Received
from odzew.inbox.indexing import Indexer
from odzew.inbox.overdue import Swept, any_overdue, sweep
from odzew.store import alarms, panel_sessions, uploads
from odzew.store.db import Database
from odzew.store.directory import Present, StaleDirectory

EVERY: Final = 1.0
"""Seconds between looks. A look is one question to a narrow index."""

log = structlog.get_logger("odzew.inbox")


class Tidy:
    """Makes messages of overdue sets and tells `stored` of them, as the inbox does. Any number of processes may do it at once."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        present: Present,
        stored: Callable[[Received], None],
        country: str = "PL",
        ours: Ours = everything,
    ) -> None:
        self._db = db
        self._clock = clock
        self._present = present
        self._stored = stored
        self._country = country
        self._ours = ours
        self.indexer = Indexer(db, clock)

    async def run(self) -> None:
        """Does it all until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self._sweep(), self.indexer.run(), self._forget()):
                    tasks.create_task(work)
        finally:
            await self.indexer.close()

    async def _forget(self) -> None:
        """Sessions and uploads of the panel that are over, and old alarms, are forgotten every minute."""
        while True:
            try:
                await self._db.write(panel_sessions.sweep, self._clock.now())
                await self._db.write(uploads.sweep, self._clock.now())
                await self._db.write(alarms.sweep, self._clock.now())
            except OdzewError as error:
                log.warning("sessions_not_swept", error=str(error))
            await self._clock.sleep(MINUTE / SECOND)

    async def _sweep(self) -> None:
        """Looks until cancelled; a database that is away is asked again."""
        while True:
            try:
                await self.look()
            except OdzewError as error:
                log.warning("overdue_not_swept", error=str(error))
            except Exception:  # a fault of ours must not end the looking for good
                log.exception("overdue_not_swept")
            await self._clock.sleep(EVERY)

    async def look(self) -> int:
        """Sweeps all that is overdue now: how many messages were made."""
        made = 0
        while await self._db.read(any_overdue):
            try:
                swept: Swept = await self._db.write(sweep, self._present.directory, self._country, self._ours)
            except StaleDirectory:
                await self._present.refresh()
                continue
            if swept.messages:
                log.info("made_incomplete", messages=len(swept.messages))
                self._stored(Received([], swept.messages, swept.owed))
                made += len(swept.messages)
            if not swept.more:
                break
        return made
