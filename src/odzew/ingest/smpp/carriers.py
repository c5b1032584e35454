"""All SMPP binds of this process: those that the directory asks for, from start to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import structlog

from odzew.clock import Clock
from odzew.errors import SettingError
from odzew.ingest.smpp.bind import Bind, BindState, Surroundings
from odzew.ingest.smpp.gate import Gate
from odzew.ingest.smpp.intake import Bring
from odzew.ingest.smpp.options import SmppOptions
from odzew.ingest.smpp.tenure import Tenure
from odzew.model import Source
from odzew.store.db import Database
from odzew.store.directory import Directory
from odzew.wire.coding import Reading

log = structlog.get_logger("odzew.smpp")

PROTOCOL: Final = "smpp"
SETTLED: Final = 5.0  # seconds between two notes of how far a session is
CHANGED: Final = 10.0  # seconds that a source's binds have to end in order when it was changed


class _Carrier:
    """One source's binds, with the source as it was when they were started."""

    def __init__(self, source: Source, around: Surroundings) -> None:
        self.source = source
        self.fault = ""
        self.binds: list[Bind] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._tenure: Tenure | None = None
        self._renewing: asyncio.Task[None] | None = None
        try:
            options = SmppOptions.of(source)
        except SettingError as error:
            log.error("smpp_not_started", source=source.name, why=str(error))
            self.fault = str(error)
            return
        reading = Reading.of(source.options)
        gate = Gate(around.clock, around.bring, several=options.binds > 1)
        self.binds = [Bind(source, slot, options, reading, around, gate) for slot in range(options.binds)]
        self._tasks = [self._start(bind.run()) for bind in self.binds]
        if around.db.shared:
            self._tenure = Tenure(around.db, around.clock, source.id, around.process, self.binds)
            self._renewing = self._start(self._tenure.run())
            return
        for bind in self.binds:  # the only process there is
            bind.allow()

    def states(self) -> list[BindState]:
        if self.fault:
            return [BindState(self.source.id, self.source.name, 0, "stopped", fault=self.fault)]
        return [bind.state() for bind in self.binds]

    async def stop(self, seconds: float) -> None:
        """Ends the binds in order, each within `seconds`, and then gives their leases back."""
        await asyncio.gather(*(bind.stop(task, seconds) for bind, task in zip(self.binds, self._tasks, strict=True)))
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        if self._tenure is not None:
            await self._tenure.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work, name=f"odzew-smpp-{self.source.name}")


class Carriers:
    """`start` once, `follow` whenever the directory has changed, `stop` once."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        directory: Callable[[], Directory],
        bring: Bring,
        process: str,
        environment: Mapping[str, str],
    ) -> None:
        self._around = Surroundings(db, clock, bring, process, environment)
        self._directory = directory
        self._carriers: dict[int, _Carrier] = {}
        self._moved = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts the binds of all sources of protocol `smpp` that are on."""
        self._follow_now([])
        self._tasks = [
            asyncio.create_task(self._follow(), name="odzew-smpp-follow"),
            asyncio.create_task(self._settle(), name="odzew-smpp-settle"),
        ]

    def follow(self) -> None:
        """The directory has changed: what appeared is started, what vanished or was switched off is stopped, what changed is both."""
        self._moved.set()

    async def stop(self, seconds: float) -> None:
        """Ends all binds in order, within about `seconds`: what is in hand is stored and answered, then unbound."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(carrier.stop(seconds) for carrier in self._carriers.values()))
        self._carriers.clear()

    def states(self) -> list[BindState]:
        """What is known now of every bind, by source and slot."""
        carriers = sorted(self._carriers.values(), key=lambda carrier: carrier.source.name)
        return [state for carrier in carriers for state in carrier.states()]

    async def _follow(self) -> None:
        while True:
            await self._moved.wait()
            self._moved.clear()
            wanted = self._wanted()
            old = [carrier for key, carrier in self._carriers.items() if not _same(carrier.source, wanted.get(key))]
            await asyncio.gather(*(carrier.stop(CHANGED) for carrier in old))
            self._follow_now(old)

    def _follow_now(self, old: list[_Carrier]) -> None:
        for carrier in old:
            del self._carriers[carrier.source.id]
        for key, source in self._wanted().items():
            if key not in self._carriers:
                self._carriers[key] = _Carrier(source, self._around)

    def _wanted(self) -> dict[int, Source]:
        sources = self._directory().sources.values()
        return {source.id: source for source in sources if source.protocol == PROTOCOL and source.active}

    async def _settle(self) -> None:
        while True:
            await self._around.clock.sleep(SETTLED)
            await asyncio.gather(*(bind.settle() for carrier in self._carriers.values() for bind in carrier.binds))


def _same(one: Source, other: Source | None) -> bool:
    """Whether nothing that matters to the binds has changed."""
    return other is not None and (one.name, one.trust_time, one.options) == (other.name, other.trust_time, other.options)
