"""Reading what is due from the table `owed` into lanes, a few lanes at a time."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog

from odzew.clock import SECOND, Clock
from odzew.errors import StoreError
from odzew.forward import backlog
from odzew.forward.lane import Lane
from odzew.forward.plan import LATE
from odzew.forward.shards import Holding
from odzew.forward.turns import Turns
from odzew.model import Owed
from odzew.store.db import Database

SPACED: Final = SECOND // 2
"""Microseconds between loads of a target that fails: its repeats fall due one by one, and are read a few at a time."""
LOOK: Final = 30.0  # seconds between looks at the table, whatever was announced
AGAIN: Final = 1.0  # seconds until what failed for want of the database is tried again
LOADS: Final = 8  # lanes read at a time: the database has others to serve

log = structlog.get_logger("odzew.forward")


class Loader:
    """Fills lanes. `served` says whether a lane's target is called at all, `waits` whether it is paused, `room` how many deliveries a
    lane may hold; `loaded` is called after each load."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        holding: Holding,
        turns: Turns,
        served: Callable[[Lane], object],
        waits: Callable[[int], bool],
        room: Callable[[], int],
        loaded: Callable[[], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._holding = holding
        self._turns = turns
        self._served = served
        self._waits = waits
        self._room = room
        self._loaded = loaded
        self._loads: set[asyncio.Task[None]] = set()

    def start_due(self, lanes: Iterable[Lane]) -> float:
        """Starts loading for lanes that have something due and room for it. Seconds until the next one falls due."""
        now, soonest = self._clock.now(), LOOK
        due: list[tuple[int, int]] = []
        by_target: dict[int, Lane] = {}
        for lane in lanes:
            if lane.next_due is None:
                continue
            # What is left alone would be dropped as soon as it is read, and read again. What is owed to a target that is off is ended.
            when = max(lane.next_due, lane.left_alone_until) if self._served(lane) else lane.next_due
            if lane.protection.is_failing and lane.loaded_at <= now:  # else the clock was set back
                when = max(when, lane.loaded_at + SPACED)
            if when > now:
                soonest = min(soonest, (when - now) / SECOND)
            elif not lane.loading and lane.loaded <= self._room() // 2:
                due.append((lane.next_due, lane.target_id))
                by_target[lane.target_id] = lane
        for _, target_id in heapq.nsmallest(max(0, LOADS - len(self._loads)), due):
            lane = by_target[target_id]
            before = lane.begin_load(now)
            task = asyncio.create_task(self._load(lane, before), name=f"odzew-load-{target_id}")
            self._loads.add(task)
            task.add_done_callback(self._loads.discard)
        return max(soonest, 0.001)

    def cancel(self) -> list[asyncio.Task[None]]:
        """Calls off what is being read; gives the tasks that end now."""
        loads = list(self._loads)
        for load in loads:
            load.cancel()
        return loads

    async def _load(self, lane: Lane, before: int | None) -> None:
        """Reads what is due for one lane, or ends it where the target is off."""
        now = self._clock.now()
        try:
            if not self._holding.holds(lane.target_id) or self._waits(lane.target_id):
                lane.drop()
            elif self._served(lane):
                await self._fetch(lane, now)
            elif not await self._cancel(lane):
                lane.expect(now + round(AGAIN * SECOND))  # our directory is behind the database's, and will follow
        except Exception as error:
            tell(error, "forward_load_failed", target=lane.target_id)
            lane.expect(now + round(AGAIN * SECOND))
        except BaseException:
            lane.expect(now if before is None else before)
            raise
        finally:
            lane.end_load()
            self._turns.queue(lane)
            # Its place is free before anybody hears of it: where eight end at once, the next eight would else wait for the next look.
            if (here := asyncio.current_task()) is not None:
                self._loads.discard(here)
        self._loaded()

    async def _fetch(self, lane: Lane, now: int) -> None:
        """Takes what is due and not held yet. Where it has been due for long, and is not all, then also some of what has just come."""
        held, ahead = frozenset(lane.held), self._room() // 2 - lane.ahead
        owed, later = await self._db.read(backlog.due_and_later, lane.target_id, now, self._room(), held)
        is_whole = later is None or later > now or not owed
        fresh: list[Owed] = []
        if not is_whole and owed[-1].due_at < now - LATE and ahead > 0:
            fresh = await self._db.read(backlog.just_come, lane.target_id, now - LATE, now, ahead, held)
        if not self._holding.holds(lane.target_id):
            return  # it became another process's while it was read
        for one in owed:
            lane.hold(one)
        for one in fresh:
            lane.hold_ahead(one)
        if later is not None:
            lane.expect(later)
        lane.has_read(None if is_whole else owed[-1].due_at)

    async def _cancel(self, lane: Lane) -> bool:
        """Ends what is owed to a target that was switched off or removed, due or not, but for calls in flight: they end themselves.

        False where the database says that the target is on.
        """
        lane.drop()
        after: int | None = 0
        while after is not None:
            held, now, fence = frozenset(lane.held), self._clock.now(), self._holding.fence(lane.target_id)
            ended, after = await self._db.write(backlog.cancel, lane.target_id, after, held, now, fence)
            if not ended:
                return False
        return True


def tell(error: Exception, event: str, **context: Any) -> None:
    """A database that is away is no fault of ours, and told of once (`store.outage`), not for each of a thousand targets every second;
    anything else is logged whole."""
    if isinstance(error, StoreError):
        (log.debug if error.temporary else log.warning)(event, error=str(error), **context)
    else:
        log.error(event, exc_info=error, **context)
