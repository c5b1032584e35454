"""Leases: a name that one process holds at a time, by compare-and-set in the database.

A lease has an epoch that grows with each new holder; what an old holder still wants to write is fenced off by it. Instants in
the table are the database's clock; how long a holder may rely on its lease it judges by its own monotonic clock, counted from
before it asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Final, NamedTuple

import structlog

from odzew.clock import SECOND, Clock
from odzew.errors import StoreError
from odzew.store.db import Database, Now, Request, Rows

LASTS: Final = 15.0  # seconds
RENEWED: Final = 5.0

log = structlog.get_logger("odzew.leases")


class Fence(NamedTuple):
    """Proof of holding, checked in the transaction that relies on it."""

    name: str
    owner: str
    epoch: int


class Fenced(StoreError):
    """Another process holds the lease now: what was to be written is dropped."""


def take(name: str, owner: str, lasts_us: int) -> Generator[Request, Any, int | None]:
    """Takes or renews a lease: the epoch, or None if another one holds it."""
    return (yield from hold([name], owner, lasts_us)).get(name)


def give_back(name: str, owner: str) -> Generator[Request, Any, None]:
    """Lets another process take it at once."""
    yield from give_back_all([name], owner)


def check(fence: Fence) -> Generator[Request, Any, None]:
    """Fenced unless the lease is still held under this epoch; it cannot change hands before the commit."""
    if (yield from lost([fence])):
        raise Fenced(f"another process holds {fence.name} now")


def alive(prefix: str) -> Generator[Request, Any, list[str]]:
    """The owners of live leases whose name starts with `prefix`."""
    now: int = yield Now()
    rows = yield Rows("SELECT owner FROM leases WHERE name LIKE ? AND expires_at >= ?", (prefix + "%", now))
    return [row[0] for row in rows]


def hold(names: Sequence[str], owner: str, lasts_us: int) -> Generator[Request, Any, dict[str, int]]:
    """Takes or renews many leases in one statement: {name: epoch} of those that are the owner's now."""
    now: int = yield Now()
    # In one order, so that two processes that want the same ones never wait for each other in a circle.
    rows = yield Rows(
        """INSERT INTO leases (name, owner, epoch, expires_at)
           SELECT JSON_TEXT(value, 0), ?, 1, ? FROM EACH_JSON(?) WHERE 1 = 1
           ON CONFLICT (name) DO UPDATE
           SET epoch = CASE WHEN leases.owner = excluded.owner THEN leases.epoch ELSE leases.epoch + 1 END,
               owner = excluded.owner, expires_at = excluded.expires_at
           WHERE leases.owner = excluded.owner OR leases.expires_at < ?
           RETURNING name, epoch""",
        (owner, now + lasts_us, json.dumps([[name] for name in sorted(names)]), now),
    )
    return {row[0]: row[1] for row in rows}


def give_back_all(names: Sequence[str], owner: str) -> Generator[Request, Any, None]:
    """Lets other processes take them at once."""
    yield Rows("UPDATE leases SET expires_at = 0 WHERE name IN_TEXTS(?) AND owner = ?", (sorted(names), owner))


def lost(fences: Iterable[Fence]) -> Generator[Request, Any, set[Fence]]:
    """Those that hold no more; the others cannot change hands before the commit."""
    wanted = set(fences)
    names = sorted({fence.name for fence in wanted})
    rows = yield Rows("SELECT name, owner, epoch FROM leases WHERE name IN_TEXTS(?) ORDER BY name FOR_SHARE", (names,))
    held = {Fence(*row) for row in rows}
    return wanted - held


class Lease:
    """Keeps one lease for a process: `run` takes it when it can and renews it. `gained` and `lost` are called as it comes and goes."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        name: str,
        owner: str,
        gained: Callable[[], None] = lambda: None,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._name = name
        self._owner = owner
        self._gained = gained
        self._lost = lost
        self._epoch: int | None = None
        self._until = 0.0

    @property
    def fence(self) -> Fence | None:
        """What writes that rely on the lease are checked against; None while it is not held."""
        return None if self._epoch is None else Fence(self._name, self._owner, self._epoch)

    def left(self) -> float:
        """Seconds for which the lease may still be relied on, by our own monotonic clock; 0 when it is not held."""
        return 0.0 if self._epoch is None else max(0.0, self._until - self._clock.monotonic())

    async def run(self) -> None:
        """Takes and renews until cancelled."""
        while True:
            await self.renew()
            await self._clock.sleep(RENEWED)

    async def renew(self) -> None:
        """Asks once."""
        asked = self._clock.monotonic()
        try:
            epoch = await self._db.write(take, self._name, self._owner, round(LASTS * SECOND))
        except StoreError as error:
            log.warning("lease_not_renewed", lease=self._name, error=str(error))
            if self._epoch is not None and self.left() == 0.0:
                self._lose()
            return
        if epoch is None:
            if self._epoch is not None:
                self._lose()
            return
        if self._epoch is not None and self._epoch != epoch:
            self._lose()  # somebody held it between: what was held under the old epoch is not ours any more
        before, self._epoch, self._until = self._epoch, epoch, asked + LASTS
        if before is None:
            log.info("lease_taken", lease=self._name, epoch=epoch)
            self._gained()

    async def close(self) -> None:
        """Gives it back, so that another process need not wait for it to expire."""
        if self._epoch is not None:
            self._epoch = None
            try:
                await self._db.write(give_back, self._name, self._owner)
            except StoreError as error:
                log.warning("lease_not_given_back", lease=self._name, error=str(error))

    def _lose(self) -> None:
        self._epoch = None
        log.warning("lease_lost", lease=self._name)
        self._lost()
