"""A session with its SMSC and a store that answers when the test says so."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from odzew.clock import FixedClock
from odzew.ingest.smpp.connect import connect
from odzew.ingest.smpp.options import SmppOptions
from odzew.ingest.smpp.session import Session
from odzew.model import Arrival, Receipt, Source
from odzew.wire.coding import Reading
from tests.ingest.smpp.peer import Smsc, Talk, until


class Shelf:
    """Stands for the store: keeps what is brought, and says what became of it at once, or when the test lets it."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.calls: list[list[Arrival]] = []
        self.waiting: list[tuple[list[Arrival], asyncio.Future[list[Receipt]]]] = []
        self.patient = False  # nothing is said until `release`
        self.raises: BaseException | None = None  # at once
        self.fails: BaseException | None = None  # the future
        self._ids = itertools.count(1)

    def bring(self, arrivals: list[Arrival]) -> asyncio.Future[list[Receipt]]:
        if self.raises is not None:
            raise self.raises
        future: asyncio.Future[list[Receipt]] = asyncio.get_running_loop().create_future()
        self.calls.append(arrivals)
        self.waiting.append((arrivals, future))
        if not self.patient:
            self.release()
        return future

    def release(self, calls: int | None = None) -> None:
        """Says what became of what waits: of the first `calls`, or of all."""
        now, self.waiting = self.waiting[:calls], self.waiting[calls:] if calls is not None else []
        for arrivals, future in now:
            if self.fails is not None:
                future.set_exception(self.fails)
                continue
            self.arrivals += arrivals
            future.set_result([Receipt(None, "nd", arrival_id=next(self._ids)) for _ in arrivals])


def a_source(addresses: list[str], **options: Any) -> Source:
    """A source with hosts at these addresses, unless `options` say otherwise."""
    wanted = {"hosts": addresses, "system_id": "odzew", "password": "secret"}
    fields: dict[str, Any] = {"trust_time": options.pop("trust_time", False)}
    return Source(7, "net", "smpp", options=wanted | options, **fields)


class Rig:
    """An SMSC, a shelf, and sessions between them."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.smsc = Smsc()
        self.shelf = Shelf()
        self.sessions: list[Session] = []

    def session(self, **options: Any) -> Session:
        source = a_source([self.smsc.host], **options)
        session = Session(self.clock, source, SmppOptions.of(source), Reading.of(source.options), self.shelf.bring)
        self.sessions.append(session)
        return session

    async def connect(self, **options: Any) -> tuple[Session, Talk]:
        """A session that was bound, but has not begun."""
        session = self.session(**options)
        used = SmppOptions.of(a_source([self.smsc.host], **options))
        await connect(self.clock, used, used.addresses()[0], session, "secret")
        return session, self.smsc.talk

    async def bound(self, session_id: int = 5, **options: Any) -> tuple[Session, Talk]:
        """A session that takes messages."""
        session, talk = await self.connect(**options)
        session.begin(session_id)
        return session, talk

    async def waits(self, calls: int) -> None:
        """Waits until so many calls wait for the shelf."""
        await until(lambda: len(self.shelf.waiting) == calls)

    async def close(self) -> None:
        self.shelf.raises = self.shelf.fails = None
        self.shelf.release()
        for session in self.sessions:
            session.abort("the test is over")
        await self.smsc.stop()
