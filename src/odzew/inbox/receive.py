"""Receiving: one transaction for all that is waiting, and an answer only after its commit.

`Inbox.receive` gathers what comes in from all sources while the last commit runs; that is the next batch. If the commit fails
for want of the store, everybody in the batch is told to try again and nothing of it is stored. If it fails for another reason
the batch is halved (in transactions that are rolled back) until the culprits stand alone; they are stored raw as unreadable,
the others as they should be, all in one commit.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from odzew.clock import Clock, Handle
from odzew.errors import OdzewError, StoreFull, StoreUnavailable
from odzew.inbox.announce import Ours, everything
from odzew.inbox.batch import Received, Undone, store
from odzew.model import Arrival, Receipt
from odzew.store.db import Database
from odzew.store.directory import Present, StaleDirectory
from odzew.wire import clean


@dataclass(slots=True, frozen=True)
class Limits:
    """How much goes into one transaction, and how much may wait in front of the store: more is StoreFull.

    What one caller brings stays together, however much it is.
    """

    batch: int = 1_000  # arrivals
    batch_octets: int = 8 << 20
    waiting: int = 10_000
    waiting_octets: int = 128 << 20
    patience: float = 10.0  # seconds that anything waits for its turn; then it is StoreFull too, for by now the network asks again


LIMITS: Final = Limits()
LONGEST_REF: Final = 255  # characters of a source's own id

log = structlog.get_logger("odzew.inbox")


@dataclass(slots=True)
class _Waiting:
    arrivals: list[Arrival]
    octets: int
    done: asyncio.Future[list[Receipt]]
    since: float = 0.0


class Inbox:
    """Takes arrivals from all ways in. `stored` is called on the loop after each commit with what it stored.

    `ours` says to which targets this process forwards; whoever forwards to others is told of what is owed to them.
    """

    def __init__(
        self,
        db: Database,
        present: Present,
        stored: Callable[[Received], None],
        country: str = "PL",
        ours: Ours = everything,
        limits: Limits = LIMITS,
        clock: Clock | None = None,
    ) -> None:
        self._db = db
        self._present = present
        self._stored = stored
        self._ours = ours
        self._country = country
        self._limits = limits
        self._clock = clock or Clock()
        self._look: Handle | None = None
        self._waiting: deque[_Waiting] = deque()
        self._count = 0
        self._octets = 0
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> tuple[int, int]:
        """Arrivals that are not stored yet, those in the running transaction among them, and their octets."""
        return self._count, self._octets

    async def receive(self, arrivals: list[Arrival]) -> list[Receipt]:
        """Stores the arrivals and gives a receipt for each, after the commit.

        StoreUnavailable or StoreFull: nothing of them is stored, they may be brought again.
        """
        return await asyncio.shield(self.bring(arrivals)) if arrivals else []

    def bring(self, arrivals: list[Arrival]) -> asyncio.Future[list[Receipt]]:
        """As `receive`, for callers that do not wait: the future has the receipts or the error. Where it raises, nothing is stored."""
        for arrival in arrivals:
            # What an engine cannot store as text may stand in an address too; the octets as they came are in `raw`.
            arrival.sender, arrival.recipient = clean.text(arrival.sender), clean.text(arrival.recipient)
            arrival.ref = _kept_ref(arrival.ref)
        if self._closed:
            raise StoreUnavailable("the gateway is stopping")
        octets = sum(_octets(arrival) for arrival in arrivals)
        if self._count and (self._count + len(arrivals) > self._limits.waiting or self._octets + octets > self._limits.waiting_octets):
            raise StoreFull("too many messages are waiting to be stored")
        waiting = _Waiting(arrivals, octets, asyncio.get_running_loop().create_future(), self._clock.monotonic())
        self._waiting.append(waiting)
        # Where the caller has gone away, nobody asks how it ended; asyncio would complain of that.
        waiting.done.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._count += len(arrivals)
        self._octets += octets
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="odzew-inbox")
        if self._look is None:
            self._look = self._clock.call_later(self._limits.patience, self._lose_patience)
        return waiting.done

    def _lose_patience(self) -> None:
        """Refuses what has waited too long for its turn. What a running transaction holds is waited for: it may be stored."""
        self._look = None
        too_old = self._clock.monotonic() - self._limits.patience
        refused = []
        while self._waiting and self._waiting[0].since <= too_old:
            refused.append(self._waiting.popleft())
        self._forget(refused)
        _refuse(refused, StoreFull("the store is too slow"))
        if refused:
            log.warning("store_slow", refused=sum(len(waiting.arrivals) for waiting in refused))
        if self._waiting:
            self._look = self._clock.call_later(self._waiting[0].since - too_old, self._lose_patience)

    def _forget(self, batch: Sequence[_Waiting]) -> None:
        self._count -= sum(len(waiting.arrivals) for waiting in batch)
        self._octets -= sum(waiting.octets for waiting in batch)

    async def close(self) -> None:
        """Takes no more; what was taken is finished and answered."""
        self._closed = True
        if self._worker is not None:
            await self._worker
        if self._look is not None:
            self._look.cancel()

    async def _work(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                received = await self._store([arrival for waiting in batch for arrival in waiting.arrivals])
            except Exception as error:  # whatever it is, everybody who waits is told, and the next batch gets its turn
                if not _temporary(error):
                    log.exception("receive_failed", arrivals=sum(len(waiting.arrivals) for waiting in batch))
                    error = StoreUnavailable("the message could not be stored")
                _refuse(batch, error)
                continue
            finally:
                self._forget(batch)
            try:
                self._stored(received)
            except Exception:  # it is committed: those who wait must hear so
                log.exception("stored_not_told", messages=len(received.messages))
            start = 0
            for waiting in batch:
                end = start + len(waiting.arrivals)
                if not waiting.done.done():
                    waiting.done.set_result(received.receipts[start:end])
                start = end

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._waiting.popleft()]
        count, octets = len(batch[0].arrivals), batch[0].octets
        while self._waiting:
            count += len(self._waiting[0].arrivals)
            octets += self._waiting[0].octets
            if count > self._limits.batch or octets > self._limits.batch_octets:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _store(self, arrivals: list[Arrival]) -> Received:
        faults: dict[int, str] = {}
        while True:
            try:
                return await self._write(arrivals, faults)
            except Exception as error:
                if _temporary(error):
                    raise
                before = len(faults)
                await self._find_culprits(arrivals, list(range(len(arrivals))), faults)
                if len(faults) == before:
                    raise  # each is well alone, together they are not: a fault of ours, told to the sources as temporary
                log.warning("unreadable", count=len(faults), reasons=sorted({reason.partition(":")[0] for reason in faults.values()}))

    async def _find_culprits(self, arrivals: list[Arrival], indexes: list[int], faults: dict[int, str]) -> None:
        """Halves until each culprit stands alone. Every trial is rolled back."""
        here = [index for index in indexes if index not in faults]
        if not here:
            return
        try:
            await self._write([arrivals[index] for index in here], {}, trial=True)
        except Undone:
            return
        except Exception as error:
            if _temporary(error):
                raise
            if len(here) == 1:
                faults[here[0]] = clean.text(f"{type(error).__name__}: {error}"[:500])
                return
            half = len(here) // 2
            await self._find_culprits(arrivals, here[:half], faults)
            await self._find_culprits(arrivals, here[half:], faults)

    async def _write(self, arrivals: list[Arrival], faults: dict[int, str], trial: bool = False) -> Received:
        while True:
            try:
                received: Received = await self._db.write(
                    store, arrivals, self._present.directory, self._country, faults, self._ours, trial
                )
                return received
            except StaleDirectory:
                await self._present.refresh()


def _kept_ref(ref: str | None) -> str | None:
    """A source's own id as the engines can keep it: what has to be shortened or cleaned stays apart by its digest. Empty: none."""
    if not ref:
        return None
    cleaned = clean.text(ref)
    if cleaned == ref and len(ref) <= LONGEST_REF:
        return ref
    return f"{cleaned[:100]}~{hashlib.sha256(ref.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _temporary(error: Exception) -> bool:
    return isinstance(error, OdzewError) and error.temporary


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(error)


def _octets(arrival: Arrival) -> int:
    return len(arrival.raw) + sum(len(attachment.data) for attachment in arrival.attachments)
