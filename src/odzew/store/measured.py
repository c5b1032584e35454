"""A database that is watched: how long commits took and what they held, how many writes are under way, and what it refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.store.db import Database, MakeUnit
from odzew.store.outage import Outage

Committed = Callable[[tuple[Any, ...], Any, float], None]
"""Told after a commit: the arguments of the unit, its value, and the seconds from the call until then."""


class Measured:
    """`store.db.Database` over another one. `committed` names the units whose commits somebody wants to hear of.

    `failed` is told of every StoreError; it raises all the same. What listens must not raise. The log is told of an outage by itself.
    """

    def __init__(
        self, inner: Database, clock: Clock, committed: Mapping[MakeUnit, Committed], failed: Callable[[StoreError], None]
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._committed = committed
        self._failed = failed
        self._reads, self._writes = Outage(clock, "read"), Outage(clock, "write")
        self.writing = 0

    @property
    def engine(self) -> Literal["sqlite", "postgres"]:
        return self._inner.engine

    @property
    def shared(self) -> bool:
        return self._inner.shared

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        committed = self._committed.get(unit)
        begun = self._clock.monotonic()
        self.writing += 1
        try:
            value = await self._inner.write(unit, *args)
        except StoreError as error:
            self._writes.failed(error)
            self._failed(error)
            raise
        finally:
            self.writing -= 1
        if self._writes.is_on:
            self._writes.worked()
        if committed is not None:
            committed(args, value, self._clock.monotonic() - begun)
        return value

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        try:
            value = await self._inner.read(unit, *args)
        except StoreError as error:
            self._reads.failed(error)
            self._failed(error)
            raise
        if self._reads.is_on:
            self._reads.worked()
        return value

    async def version(self) -> int:
        return await self._inner.version()

    async def migrate(self) -> list[str]:
        return await self._inner.migrate()

    def listen(self, heard: Callable[[str], None]) -> None:
        self._inner.listen(heard)

    async def look(self) -> None:
        await self._inner.look()

    async def close(self) -> None:
        await self._inner.close()
