"""The forwarding engine: who is called when.

The queue is rows in the message's own database and transaction (table `owed`). This process holds in memory, for each target
that it serves, a bounded number of deliveries that are due (a lane), the calls in flight and the outcomes not yet committed.
There is no persistent "processing" state: after a kill everything still owed is in the table.

A fresh delivery comes straight from the inbox. Everything else is loaded from the table when it falls due; what the engine
remembers of what it does not hold is one instant for each target.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog

from odzew.clock import SECOND, Clock
from odzew.errors import StoreError
from odzew.forward import plan
from odzew.forward.exchange import OWN_FAULT, Exchange
from odzew.forward.lane import Lane
from odzew.forward.leap import Leaps
from odzew.forward.ledger import Entry, Ledger
from odzew.forward.loader import AGAIN, LOOK, Loader, tell
from odzew.forward.outcome import is_success
from odzew.forward.pace import Pace
from odzew.forward.schedule import Schedule
from odzew.forward.shards import Everything, Holding
from odzew.forward.trip import Trip, Trips
from odzew.forward.turns import EngineLimits, Turns
from odzew.model import Account, Attempt, Owed, Target
from odzew.store import deliveries
from odzew.store.db import Database
from odzew.store.deliveries import Ending, Result
from odzew.store.directory import Directory
from odzew.store.leases import Fence

__all__ = ["Engine", "EngineLimits"]

log = structlog.get_logger("odzew.forward")

TOO_MANY: Final = 429  # RFC 6585 s.4
HELD: Final = 50_000  # deliveries in memory, all lanes together


class Engine:
    """Serves all targets of the present directory while it runs.

    `attempted` is told of each attempt. `holding` says which targets are this process's; `longest` is how many seconds a call may
    take: none is started that could outlast the lease of its target. What is owed to a target of which `is_paused` says so waits in the
    table. `unmade` is told of each delivery that ends without a further attempt: (target, account, why, when).
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
        holding: Holding | None = None,
        longest: float = 0.0,
        is_paused: Callable[[int], bool] = lambda target_id: False,
        unmade: Callable[[int, int, str, int], None] = lambda target_id, account_id, why, at: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._exchange = exchange
        self._directory = directory
        self._limits = limits or EngineLimits()
        self._schedule = schedule or Schedule()
        self._attempted = attempted
        self._holding = holding or Everything()
        self._longest = longest
        self._is_paused = is_paused
        self._unmade = unmade
        self._ledger = Ledger(db, clock, self._written, self._fenced_off)
        self._lanes: dict[int, Lane] = {}
        self._turns = Turns(self._limits, Pace(clock, directory, self._limits.per_second, self._resume))
        self._loader = Loader(db, clock, self._holding, self._turns, self._served, self._waits, self._hold, self._loaded)
        self._trips = Trips(clock)
        self._moved = asyncio.Event()
        self._scan = False
        self._looked_at = 0.0
        self._since = 0
        self._leaps = Leaps(clock)
        self._open = False  # whether calls may be started
        self._changing = asyncio.Lock()
        self._loop: asyncio.Task[None] | None = None

    # --- start and stop ----------------------------------------------------------------------------------------------

    @property
    def runs(self) -> bool:
        """Whether this process forwards now."""
        return self._loop is not None

    @property
    def in_hand(self) -> tuple[int, int, int]:
        """Calls under way, deliveries in memory (those among them), and outcomes that are not committed yet."""
        return self._turns.in_flight, sum(len(lane.held) for lane in self._lanes.values()), self._ledger.waiting

    def start(self) -> None:
        """Begins to serve: what is owed is found, what is due leaves."""
        if self._loop is None:
            self._loop = asyncio.create_task(self._serve(), name="odzew-forward")

    async def stop(self, patience: float = 15.0) -> None:
        """Starts no further call, lets those in flight end (at most `patience` seconds) and commits their outcomes."""
        loop, self._loop = self._loop, None
        self._open = False
        if loop is not None:
            loop.cancel()
        async with self._changing:  # whoever stops while another one does waits for the same end
            self._open = False
            loads = self._loader.cancel()
            await self._trips.end(patience)
            await asyncio.gather(*loads, *(() if loop is None else (loop,)), return_exceptions=True)
            await self._flush(patience)
            self._lanes.clear()
            self._turns.clear()

    async def _flush(self, seconds: float) -> None:
        try:
            async with self._clock.deadline(seconds):
                await self._ledger.flush()
        except TimeoutError:
            log.error("outcomes_not_stored", outcomes=len(await self._ledger.give_up()))

    # --- what comes in -----------------------------------------------------------------------------------------------

    def offer(self, owed: Sequence[Owed]) -> None:
        """Takes fresh deliveries, already committed. What does not fit into memory is loaded later."""
        if not self._open:
            return
        for one in owed:
            if not self._holding.holds(one.target_id):
                continue  # whoever holds it was told in the transaction that owed it
            if self._is_paused(one.target_id):
                continue
            lane = self._lane(one.target_id, one.account_id)
            older = lane.loading or (lane.next_due is not None and lane.next_due <= one.due_at)
            if older and lane.is_behind(one.due_at) and lane.ahead < self._hold() // 2:
                lane.hold_ahead(one)
                self._turns.queue(lane)
            elif older or len(lane.held) >= self._hold():
                lane.expect(one.due_at)  # it takes its turn behind those that wait in the table
                self._moved.set()
            elif lane.hold(one):
                self._turns.queue(lane)
        self._pump()

    def look(self) -> None:
        """Something may have become owed, or due, without being offered: it is looked for. What is held stays."""
        self._scan = True
        self._moved.set()

    def expect(self, target_id: int) -> None:
        """Another process owed something to this target."""
        target = self._directory().targets.get(target_id)
        if target is None:
            self.look()
        elif self._open and self._holding.holds(target_id):
            self._lane(target_id, target.account_id).expect(self._clock.now())
            self._moved.set()

    def gain(self) -> None:
        """There are more targets of ours: what is owed to them is looked for."""
        self.look()

    def lose(self, gone: Callable[[int], bool]) -> None:
        """Cuts off calls to targets of which `gone` says that they are another process's, and forgets what waits of all that are not held.

        The outcomes of such calls would be fenced, and the new owner calls again.
        """
        self._trips.cut_off(gone)
        for lane in list(self._lanes.values()):
            if gone(lane.target_id):
                lane.drop()
                lane.next_due = None
                lane.held.clear()
            elif not self._holding.holds(lane.target_id):
                lane.drop()
                lane.next_due = None

    def is_idle(self, mine: Callable[[int], bool]) -> bool:
        """Whether nothing is held of the targets of which `mine` says so: no call in flight, no outcome uncommitted, no load."""
        return not any((lane.held or lane.loading) and mine(lane.target_id) for lane in self._lanes.values())

    def wake(self, target_id: int | None = None) -> None:
        """Something about a target (or any of them) has changed: what waits in memory is dropped and read again."""
        for lane in self._lanes.values():
            if target_id is None or lane.target_id == target_id:
                if len(lane):
                    lane.expect(self._clock.now())  # so that the lane stays, and what is known of how its target does
                lane.drop()
        self.look()

    # --- the loop ----------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        async with self._changing:  # a stop that is under way ends first
            self._since = self._clock.now()
            self._open = self._scan = True
        while True:
            self._moved.clear()
            try:
                wait = await self._tick()
            except Exception as error:
                # Forwarding must not end because of one fault: what is owed stays owed, and is looked for again.
                tell(error, "forward_look_failed")
                self._scan, wait = True, AGAIN
            if not await self._clock.wait(self._moved, wait) and wait >= LOOK:
                self._scan = True

    async def _tick(self) -> float:
        """Looks where that is called for, starts loads and calls. Seconds until there is something to do for want of news."""
        if self._scan or self._clock.monotonic() - self._looked_at >= LOOK:
            self._scan, self._looked_at = False, self._clock.monotonic()
            await self._look()
        wait = self._loader.start_due(self._lanes.values())
        self._pump()
        return wait

    async def _look(self) -> None:
        """Finds which targets are owed to, and from when on. Lanes that have been idle are forgotten."""
        self._lanes = {key: lane for key, lane in self._lanes.items() if lane.held or lane.loading or lane.next_due is not None}
        for target_id, account_id, due_at in await self._db.read(deliveries.waiting_targets):
            if not self._holding.holds(target_id) or self._waits(target_id):
                continue
            lane = self._lane(target_id, account_id)
            # What is owed to a target that is off is ended at once, due or not.
            lane.expect(due_at if self._served(lane) else 0)

    def _loaded(self) -> None:
        self._moved.set()
        self._pump()

    def _resume(self, free: Sequence[object]) -> None:
        self._turns.resume(free)
        self._pump()

    # --- slots -------------------------------------------------------------------------------------------------------

    def _hold(self) -> int:
        return max(2 * self._limits.calls_per_target, min(self._limits.lane, HELD // max(1, len(self._lanes))))

    def _serve_anew(self, now: int) -> None:
        """What has passed by the wall clock was no time of serving: else whatever is owed might be cut short at once."""
        self._since = now
        for lane in self._lanes.values():
            lane.serving_since = now

    def _lane(self, target_id: int, account_id: int) -> Lane:
        lane = self._lanes.get(target_id)
        if lane is None:
            lane = self._lanes[target_id] = Lane(target_id, account_id, self._since)
        return lane

    def _served(self, lane: Lane) -> tuple[Target, Account] | None:
        """The target as it is set up now, and its account; None where nothing is called."""
        directory = self._directory()
        target, account = directory.targets.get(lane.target_id), directory.accounts.get(lane.account_id)
        return None if target is None or account is None or not target.active else (target, account)

    def _waits(self, target_id: int) -> bool:
        """Whether a target is paused and on: one that is off is looked at all the same, and what is owed to it is ended."""
        target = self._directory().targets.get(target_id)
        return target is not None and target.active and self._is_paused(target_id)

    def _pump(self) -> None:
        """Starts calls while there are slots: one for each lane in turn."""
        while self._open and not self._ledger.is_full and self._turns:
            lane = self._turns.next()
            if lane is None:
                return
            if self._holding.left(lane.target_id) <= self._longest:
                # Not ours any more, or not for long enough: what is still ours when the lease is renewed is loaded again.
                lane.drop()
                if self._holding.holds(lane.target_id):
                    lane.left_alone_until = max(lane.left_alone_until, self._clock.now() + round(AGAIN * SECOND))
                    lane.expect(lane.left_alone_until)
                    self._moved.set()
                continue
            served = self._served(lane)
            if served is None:
                lane.drop()
                lane.expect(0)  # loaded again, and ended there
                self._moved.set()
            elif self._is_paused(lane.target_id):
                lane.drop()
                lane.next_due = None  # looked for again when the pause ends
            elif lane.left_alone_until > self._clock.now():
                lane.drop()
                lane.expect(lane.left_alone_until)
                self._moved.set()
            elif self._turns.has_slot(lane, served[0].concurrency):  # if not, it comes back when one of its calls ends
                self._begin(lane, lane.take(), *served)

    def _begin(self, lane: Lane, owed: Owed, target: Target, account: Account) -> None:
        schedule = plan.schedule_of(target, self._schedule)
        now = self._clock.now()
        if self._leaps.leapt(now):
            self._serve_anew(now)
        why = plan.ends_unmade(owed, schedule, now, lane.serving_since)
        if why is not None:
            log.warning("exhausted", delivery=owed.delivery_id, target=target.id, why=why)
            self._unmade(target.id, account.id, why, now)
            self._ledger.add(Ending(owed.delivery_id, target.id, "exhausted", why, now, owed.earlier), self._holding.fence(target.id))
            self._turns.queue(lane)
            return
        slot = self._turns.begin(lane, repeat=bool(owed.slot or owed.earlier))
        trip = Trip(lane, owed, target, schedule, self._holding.fence(target.id), slot, self._ended)
        self._trips.add(trip)
        trip.call = self._exchange.begin(owed, target, account, schedule.attempts, lambda attempt: self._landed(trip, attempt))
        if trip.call is None:
            trip.call = task = asyncio.create_task(self._call(trip, account), name="odzew-call")
            task.add_done_callback(lambda done: self._trips.end_of(trip))

    async def _call(self, trip: Trip, account: Account) -> None:
        lane, owed = trip.lane, trip.owed
        try:
            attempt = await self._exchange.attempt(owed, trip.target, account, trip.schedule.attempts)
        except StoreError as error:  # the message could not be read: this was no attempt
            log.warning("forward_read_failed", delivery=owed.delivery_id, error=str(error))
            await self._clock.sleep(AGAIN)
            lane.release(owed.delivery_id)
            lane.expect(owed.due_at)
            self._moved.set()
            return
        except Exception:
            log.exception("attempt_failed", delivery=owed.delivery_id)
            attempt = Attempt(owed.delivery_id, owed.slot + 1, self._clock.now(), 0, "internal", detail=OWN_FAULT)
        self._made(trip, attempt)

    def _landed(self, trip: Trip, attempt: Attempt) -> None:
        """A call that had no task has ended."""
        try:
            self._made(trip, attempt)
        finally:
            self._trips.end_of(trip)

    def _made(self, trip: Trip, attempt: Attempt) -> None:
        """What follows from an attempt: the outcome goes to the ledger."""
        lane, owed = trip.lane, trip.owed
        self._judge(lane, attempt, trip.target)
        attempt.delayed = plan.is_delayed(owed, attempt.started_at, lane.serving_since)
        result = plan.result_of(owed, attempt, trip.schedule, lane.serving_since)
        if result.due_at is not None and self._served(lane) is None:  # switched off, or removed, while the call was under way
            result = result._replace(state="cancelled", due_at=None)
        self._ledger.add(result, trip.fence)
        try:
            self._attempted(owed, attempt, result)
        except Exception:
            log.exception("attempt_not_told", delivery=owed.delivery_id)

    def _judge(self, lane: Lane, attempt: Attempt, target: Target) -> None:
        """Fewer calls at once where the URL is in trouble, more where it is well again."""
        allowed = self._turns.allowed(target.concurrency)
        if is_success(attempt.outcome):
            lane.protection.succeeded(allowed)
        else:
            outcome = "too_many" if attempt.status == TOO_MANY else attempt.outcome
            now = self._clock.now()
            lane.protection.failed(outcome, allowed, attempt.started_at, now)
            if attempt.retry_after is not None:
                lane.left_alone_until = max(lane.left_alone_until, now + round(attempt.retry_after * SECOND))

    def _ended(self, trip: Trip) -> None:
        self._turns.end(trip.lane, trip.slot)
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

    def _fenced_off(self, fences: Collection[Fence], entries: Sequence[Entry]) -> None:
        """Other processes hold these targets now: they call again what was dropped. What is held of them here is forgotten."""
        for entry in entries:
            if (lane := self._lanes.get(entry.target_id)) is not None:
                lane.drop()
                lane.held.clear()
                lane.next_due = None
