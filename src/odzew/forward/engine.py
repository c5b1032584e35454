"""The forwarding engine: who is called when.

The queue is rows in the message's own database and transaction (table `owed`). This process holds in memory, for each target
that it serves, a bounded number of deliveries that are due (a lane), the calls in flight and the outcomes not yet committed.
There is no persistent "processing" state: after a kill everything still owed is in the table.

A fresh delivery comes straight from the inbox. Everything else is loaded from the table when it falls due; what the engine
remembers of what it does not hold is one instant for each target.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from odzew.clock import SECOND, Clock
from odzew.errors import StoreError
from odzew.forward import plan
from odzew.forward.exchange import Exchange
from odzew.forward.lane import Lane
from odzew.forward.ledger import Entry, Ledger
from odzew.forward.schedule import Schedule
from odzew.model import Account, Attempt, Owed, Target
from odzew.store import deliveries
from odzew.store.db import Database, Request
from odzew.store.deliveries import Ending, Result
from odzew.store.directory import Directory
from odzew.store.leases import Fence

log = structlog.get_logger("odzew.forward")

LOOK: Final = 30.0  # seconds between looks at the table when nothing is known to fall due
AGAIN: Final = 1.0  # seconds until a look that failed is made again
HELD: Final = 50_000  # deliveries in memory, all lanes together
CANCELLED_AT_ONCE: Final = 1_000


@dataclass(slots=True, frozen=True)
class EngineLimits:
    """Calls in flight (contract 8), and how many deliveries a lane holds."""

    calls: int = 256
    calls_per_account: int = 128
    calls_per_target: int = 8
    lane: int = 500


class Engine:
    """Serves all targets of the present directory while it runs.

    `attempted` is told of each attempt. `may_start(seconds)` says whether a call that may take so long can still be started
    (the process may be about to lose its lease).
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        exchange: Exchange,
        directory: Callable[[], Directory],
        limits: EngineLimits | None = None,
        schedule: Schedule | None = None,
        attempted: Callable[[Owed, Attempt, Result], None] = lambda owed, attempt, result: None,
        may_start: Callable[[], bool] = lambda: True,
    ) -> None:
        self._db = db
        self._clock = clock
        self._exchange = exchange
        self._directory = directory
        self._limits = limits or EngineLimits()
        self._schedule = schedule or Schedule()
        self._attempted = attempted
        self._may_start = may_start
        self._ledger = Ledger(db, clock, self._written)
        self._lanes: dict[int, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._blocked: dict[int, list[Lane]] = {}  # by account: lanes that wait for a slot of their account
        self._in_account: dict[int, int] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._scan = False
        self._since = 0
        self._loop: asyncio.Task[None] | None = None
        self._loads: set[asyncio.Task[None]] = set()

    # --- start and stop ----------------------------------------------------------------------------------------------

    @property
    def runs(self) -> bool:
        """Whether this process forwards now."""
        return self._loop is not None

    @property
    def fence(self) -> Fence | None:
        """What outcomes are checked against."""
        return self._ledger.fence

    def start(self, fence: Fence | None = None) -> None:
        """Begins to serve: what is owed is found, what is due leaves. `fence` is checked with each outcome."""
        self._ledger.fence = fence
        self._since = self._clock.now()
        self._scan = True
        self._moved.set()
        self._loop = asyncio.create_task(self._run(), name="odzew-forward")

    async def stop(self, patience: float = 15.0) -> None:
        """Starts no further call, lets those in flight end (at most `patience` seconds) and commits their outcomes."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        for task in (loop, *self._loads):
            task.cancel()
        if self._calls:
            await self._clock_wait(self._calls, patience)
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, *self._loads, loop, return_exceptions=True)
        await self._flush(patience)
        self._lanes.clear()
        self._ready.clear()
        self._blocked.clear()

    async def _clock_wait(self, tasks: set[asyncio.Task[None]], seconds: float) -> None:
        try:
            async with self._clock.deadline(seconds):
                await asyncio.wait(tasks)
        except TimeoutError:
            log.warning("calls_cut_off", calls=len(tasks))

    async def _flush(self, seconds: float) -> None:
        try:
            async with self._clock.deadline(seconds):
                await self._ledger.flush()
        except TimeoutError:
            log.error("outcomes_not_stored", outcomes=len(self._ledger.give_up()))

    # --- what comes in -----------------------------------------------------------------------------------------------

    def offer(self, owed: Sequence[Owed]) -> None:
        """Takes fresh deliveries, already committed. What does not fit into memory is loaded later."""
        if self._loop is None:
            return
        for one in owed:
            lane = self._lane(one.target_id, one.account_id)
            if (lane.next_due is not None and lane.next_due <= one.due_at) or len(lane.held) >= self._hold():
                lane.expect(one.due_at)  # older ones wait in the table: this one takes its turn behind them
            else:
                lane.hold(one)
                self._queue(lane)
        self._pump()

    def wake(self, target_id: int | None = None) -> None:
        """Something about a target (or any of them) has changed: what waits in memory is dropped and read again."""
        for lane in [self._lanes[target_id]] if target_id in self._lanes else list(self._lanes.values()):
            lane.drop()
        self._scan = True
        self._moved.set()

    # --- the loop ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._moved.clear()
            wait = LOOK
            try:
                if self._scan:
                    self._scan = False
                    await self._look()
                wait = min(wait, self._load_due())
            except StoreError as error:
                log.warning("forward_look_failed", error=str(error))
                self._scan, wait = True, AGAIN
            self._pump()
            if self._ready and not self._may_start():
                wait = min(wait, AGAIN)
            if not await self._clock.wait(self._moved, wait) and wait >= LOOK:
                self._scan = True  # the backstop: whatever was not announced is found now

    async def _look(self) -> None:
        """Finds which targets are owed to, and from when on. Lanes that have been idle are forgotten."""
        self._lanes = {key: lane for key, lane in self._lanes.items() if lane.held or lane.loading or lane.next_due is not None}
        for target_id, account_id, due_at in await self._db.read(deliveries.waiting_targets):
            self._lane(target_id, account_id).expect(due_at)

    def _load_due(self) -> float:
        """Starts loading for each lane that has something due and room for it. Seconds until the next one falls due."""
        now, soonest = self._clock.now(), LOOK
        for lane in list(self._lanes.values()):
            if lane.next_due is None:
                continue
            if lane.next_due > now:
                soonest = min(soonest, (lane.next_due - now) / SECOND)
            elif not lane.loading and len(lane) <= self._hold() // 2:
                lane.loading = True
                task = asyncio.create_task(self._load(lane), name=f"odzew-load-{lane.target_id}")
                self._loads.add(task)
                task.add_done_callback(self._loads.discard)
        return max(soonest, 0.001)

    async def _load(self, lane: Lane) -> None:
        """Reads what is due for one lane. Rows that are held come first and are passed over, so more are asked for."""
        try:
            target = self._directory().targets.get(lane.target_id)
            limit = self._hold() + len(lane.held)
            now = self._clock.now()
            before, lane.next_due = lane.next_due, None
            try:
                    owed, later = await self._db.read(_due_and_later, lane.target_id, now, limit)
            except BaseException:
                lane.next_due = before
                raise
            if target is None or not target.active:
                await self._cancel(lane, now)
                return
            for one in owed:
                lane.hold(one)
            self._queue(lane)
            if len(owed) == limit:
                lane.expect(now)
            elif later is not None:
                lane.expect(later)
        except StoreError as error:
            log.warning("forward_load_failed", target=lane.target_id, error=str(error))
            await self._clock.sleep(AGAIN)
        finally:
            lane.loading = False
        self._moved.set()
        self._pump()

    async def _cancel(self, lane: Lane, now: int) -> None:
        """Ends what is owed to a target that was switched off or removed, also what is not due yet (contract 5.6)."""
        after = 0
        while rows := await self._db.read(deliveries.open_of_target, lane.target_id, after, CANCELLED_AT_ONCE):
            after = rows[-1]
            mine = [key for key in rows if key not in lane.held]
            lane.held.update(mine)
            self._ledger.add(*[Ending(key, lane.target_id, "cancelled", plan.SWITCHED_OFF, now) for key in mine])
            await self._ledger.flush()

    # --- slots -------------------------------------------------------------------------------------------------------

    def _hold(self) -> int:
        return max(2 * self._limits.calls_per_target, min(self._limits.lane, HELD // max(1, len(self._lanes))))

    def _lane(self, target_id: int, account_id: int) -> Lane:
        lane = self._lanes.get(target_id)
        if lane is None:
            lane = self._lanes[target_id] = Lane(target_id, account_id, self._since)
        return lane

    def _queue(self, lane: Lane) -> None:
        if not lane.queued and len(lane):
            lane.queued = True
            self._ready.append(lane)

    def _pump(self) -> None:
        """Starts calls while there are slots: one for each lane in turn."""
        while self._ready and len(self._calls) < self._limits.calls and not self._ledger.is_full and self._loop is not None:
            if not self._may_start():
                return
            lane = self._ready.popleft()
            lane.queued = False
            if not len(lane):
                continue
            target = self._directory().targets.get(lane.target_id)
            account = self._directory().accounts.get(lane.account_id)
            if target is None or account is None or not target.active:
                lane.drop()
                lane.expect(0)  # loaded again, and ended there
                self._moved.set()
                continue
            if lane.in_flight >= (target.concurrency or self._limits.calls_per_target):
                continue  # comes back when one of its calls ends
            if self._in_account.get(account.id, 0) >= self._limits.calls_per_account:
                self._blocked.setdefault(account.id, []).append(lane)
                continue
            self._begin(lane, lane.take(), target, account)
            self._queue(lane)

    def _begin(self, lane: Lane, owed: Owed, target: Target, account: Account) -> None:
        schedule = plan.schedule_of(target, self._schedule)
        now = self._clock.now()
        if plan.is_cut_short(owed, schedule, now, lane.serving_since):
            log.warning("cut_short", delivery=owed.delivery_id, target=target.id)
            self._ledger.add(Ending(owed.delivery_id, target.id, "exhausted", plan.CUT_SHORT, now))
            return
        lane.in_flight += 1
        self._in_account[account.id] = self._in_account.get(account.id, 0) + 1
        task = asyncio.create_task(self._call(lane, owed, target, account, schedule))
        self._calls.add(task)
        task.add_done_callback(lambda done: self._ended(done, lane, account.id))

    async def _call(self, lane: Lane, owed: Owed, target: Target, account: Account, schedule: Schedule) -> None:
        try:
            attempt = await self._exchange.attempt(owed, target, account, schedule.attempts)
        except StoreError as error:  # the message could not be read: this was no attempt
            log.warning("forward_read_failed", delivery=owed.delivery_id, error=str(error))
            await self._clock.sleep(AGAIN)
            self._forget(lane, owed)
            return
        except Exception:
            log.exception("attempt_failed", delivery=owed.delivery_id)
            attempt = Attempt(owed.delivery_id, owed.slot + 1, self._clock.now(), 0, "internal", detail="an error on our side, see the log")
        attempt.delayed = plan.is_delayed(owed, attempt.started_at, lane.serving_since)
        result = plan.result_of(owed, attempt, schedule, lane.serving_since)
        self._attempted(owed, attempt, result)
        self._ledger.add(result)

    def _forget(self, lane: Lane, owed: Owed) -> None:
        lane.release(owed.delivery_id)
        lane.expect(owed.due_at)
        self._moved.set()

    def _ended(self, task: asyncio.Task[None], lane: Lane, account_id: int) -> None:
        self._calls.discard(task)
        lane.in_flight -= 1
        self._in_account[account_id] -= 1
        if not self._in_account[account_id]:
            del self._in_account[account_id]
        for waiting in self._blocked.pop(account_id, ()):
            self._queue(waiting)
        self._queue(lane)
        self._pump()

    def _written(self, entries: Sequence[Entry]) -> None:
        """Outcomes are in the database: their deliveries need not be held any more."""
        moved = False
        for entry in entries:
            delivery = entry.attempt.delivery_id if isinstance(entry, Result) else entry.delivery_id
            lane = self._lanes.get(entry.target_id)
            if lane is None:
                continue
            lane.release(delivery)
            if isinstance(entry, Result) and entry.due_at is not None:
                lane.expect(entry.due_at)
            moved = moved or lane.next_due is not None
        if moved:
            self._moved.set()
        self._pump()


def _due_and_later(target_id: int, now: int, limit: int) -> Generator[Request, Any, tuple[list[Owed], int | None]]:
    """What is due for a target, and when the next one after that falls due."""
    owed = yield from deliveries.due_of_target(target_id, now, limit)
    later = None if len(owed) == limit else (yield from deliveries.next_due_of_target(target_id, now))
    return owed, later
