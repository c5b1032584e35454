"""Keeps looking for long messages whose missing parts are overdue, for as long as the server runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.inbox.announce import Ours, everything
from odzew.inbox.batch import Received
from odzew.inbox.overdue import Swept, any_overdue, sweep
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

    async def run(self) -> None:
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
