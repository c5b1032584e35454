"""Which targets this process forwards to, where several processes share a database (docs/storage.md).

Targets are divided into 128 shards, and a shard is leased: its holder alone calls the targets in it, so that limits, turns and
protection need no other process. Every process that forwards makes itself known by a lease of its own; who should hold a shard is
told by rendezvous hashing over those that are known, so that all agree without asking each other. One that holds a shard which
another one should hold drains it (its calls end, their outcomes are committed) and gives it back.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Collection, Generator, Iterable
from functools import partial
from typing import Any, Final, Protocol

import structlog

from odzew.clock import SECOND, Clock
from odzew.errors import StoreError
from odzew.store.db import Database, Notify, Request
from odzew.store.leases import LASTS, Fence, alive, give_back_all, hold, take

SHARDS: Final = 128
LOOK: Final = 2.5
"""Seconds between looks: renewing, taking, giving back. A lease lasts 15 s, so a dead process is replaced within 17.5 s."""
FORWARDER: Final = "forwarder:"
SHARD: Final = "shard:"
MOVED: Final = "shards"
"""What is notified when shards are given back."""

log = structlog.get_logger("odzew.forward")


class Holding(Protocol):
    """Which targets a process may call, and by what proof."""

    def holds(self, target_id: int) -> bool:
        """Whether the target is this process's now."""

    def fence(self, target_id: int) -> Fence | None:
        """What outcomes of the target are checked against; None where nobody else could hold it."""

    def left(self, target_id: int) -> float:
        """Seconds for which it may be relied on."""


class Everything:
    """The holding of the only process there is."""

    def holds(self, target_id: int) -> bool:
        return True

    def fence(self, target_id: int) -> Fence | None:
        return None

    def left(self, target_id: int) -> float:
        return float("inf")


class Engine(Protocol):
    """What has to follow the shards."""

    def gain(self) -> None:
        """There are more: what is owed to their targets is looked for."""

    def lose(self, gone: Callable[[int], bool]) -> None:
        """Targets of which `gone` says so are another process's: their calls are cut off, what waits is forgotten."""

    def is_idle(self, mine: Callable[[int], bool]) -> bool:
        """Whether nothing is held of the targets of which `mine` says so: no call in flight, no outcome uncommitted."""


def shard_of(target_id: int) -> int:
    """Targets are numbered one after the other, so they spread evenly."""
    return target_id % SHARDS


def _is_in(shard: int, target_id: int) -> bool:
    return shard_of(target_id) == shard


def wanted_by(process: str, forwarders: Collection[str]) -> set[int]:
    """The shards that this one of the processes should hold: for each shard the one with the highest hash."""
    return {shard for shard in range(SHARDS) if max(forwarders, key=lambda one: _weight(one, shard), default=None) == process}


def _weight(process: str, shard: int) -> tuple[int, str]:
    return zlib.crc32(f"{shard}|{process}".encode("utf-8", "surrogatepass")), process


def look(process: str, held: Iterable[int], lasts_us: int) -> Generator[Request, Any, tuple[dict[str, int], set[int]]]:
    """Renews what is held and takes what this process should hold: ({lease: epoch} of what it holds now, what it should hold)."""
    yield from take(FORWARDER + process, process, lasts_us)
    wanted = wanted_by(process, (yield from alive(FORWARDER)))
    names = [f"{SHARD}{shard}" for shard in wanted.union(held)]
    return (yield from hold(names, process, lasts_us)), wanted


def leave(process: str, shards: Iterable[int], forwards: bool) -> Generator[Request, Any, None]:
    """Gives shards back and tells the others. `forwards` False: the process forwards no more at all."""
    names = [f"{SHARD}{shard}" for shard in shards]
    yield from give_back_all(names if forwards else [*names, FORWARDER + process], process)
    yield Notify(MOVED)


class Shards:
    """The shards of one process: `run` in a task, `close` after the engine has stopped. `lasts`: seconds of a lease."""

    def __init__(self, db: Database, clock: Clock, process: str, lasts: float = LASTS) -> None:
        self._db = db
        self._clock = clock
        self._process = process
        self._lasts = lasts
        self._epochs: dict[int, int] = {}
        self._draining: set[int] = set()
        self._until = 0.0
        self._moved = asyncio.Event()
        self.engine: Engine | None = None

    # --- Holding -----------------------------------------------------------------------------------------------------

    def holds(self, target_id: int) -> bool:
        shard = shard_of(target_id)
        return shard in self._epochs and shard not in self._draining and self._clock.monotonic() < self._until

    def fence(self, target_id: int) -> Fence | None:
        shard = shard_of(target_id)
        return Fence(f"{SHARD}{shard}", self._process, self._epochs.get(shard, 0))

    def left(self, target_id: int) -> float:
        return max(0.0, self._until - self._clock.monotonic()) if self.holds(target_id) else 0.0

    @property
    def held(self) -> frozenset[int]:
        """The shards held now."""
        return frozenset(self._epochs)

    # --- following the others ----------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Somebody gave shards back, or the engine has become idle."""
        self._moved.set()

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            self._moved.clear()
            await self.look()
            await self._clock.wait(self._moved, min(LOOK, self._lasts / 4))

    async def look(self) -> None:
        """Renews, takes and gives back, once."""
        asked = self._clock.monotonic()
        try:
            names, wanted = await self._db.write(look, self._process, self._epochs, round(self._lasts * SECOND))
        except StoreError as error:
            log.warning("shards_not_renewed", error=str(error))
            self._let_go_if_over()
            return
        epochs = {int(name.removeprefix(SHARD)): epoch for name, epoch in names.items()}
        # One that came back under another epoch was another process's in between.
        gone = {shard for shard, epoch in self._epochs.items() if epochs.get(shard) != epoch}
        # What was to be given back, or could not be relied on for a while, has been forgotten by the engine: it counts as gained.
        lapsed = self._clock.monotonic() >= self._until
        relied_on = set() if lapsed else set(self._epochs) - gone - self._draining
        self._lose(gone)
        self._epochs, self._until = epochs, asked + self._lasts
        self._draining = set(epochs) - wanted
        gained = set(epochs) - self._draining - relied_on
        if gone or gained:
            log.info("shards_held", shards=len(epochs), gained=len(gained), lost=len(gone), to_give_back=len(self._draining))
        if gained and self.engine is not None:
            self.engine.gain()
        await self._give_back_drained()

    async def close(self) -> None:
        """Gives all back at once; nothing is called any more."""
        shards, self._epochs = self._epochs, {}
        try:
            await self._db.write(leave, self._process, shards, False)
        except StoreError as error:
            log.warning("shards_not_given_back", error=str(error))

    async def _give_back_drained(self) -> None:
        engine = self.engine
        if engine is None or not self._draining:
            return
        draining = self._draining
        engine.lose(lambda target: False)  # nothing is cut off; what waits of targets that are not held is dropped
        idle = {shard for shard in draining if engine.is_idle(partial(_is_in, shard))}
        if not idle:
            return
        try:
            await self._db.write(leave, self._process, idle, True)
        except StoreError as error:
            log.warning("shards_not_given_back", error=str(error))
            return
        for shard in idle:
            self._epochs.pop(shard, None)
            self._draining.discard(shard)

    def _let_go_if_over(self) -> None:
        if self._epochs and self._clock.monotonic() >= self._until:
            gone, self._epochs = set(self._epochs), {}
            self._lose(gone)

    def _lose(self, gone: set[int]) -> None:
        if gone and self.engine is not None:
            self.engine.lose(lambda target: shard_of(target) in gone)
