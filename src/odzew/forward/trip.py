"""A trip: one call on its way, from the slot that it takes to the outcome that it brings back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from odzew.clock import Clock
from odzew.forward.call import Cancellable
from odzew.forward.lane import Lane
from odzew.forward.schedule import Schedule
from odzew.forward.turns import Slot
from odzew.model import Owed, Target
from odzew.store.leases import Fence

log = structlog.get_logger("odzew.forward")


class Trip:
    """`fence` is what its outcome is checked against. `call` is there once it was begun; `ended` is told once that it is over."""

    __slots__ = ("call", "ended", "fence", "lane", "owed", "schedule", "slot", "target")

    def __init__(
        self, lane: Lane, owed: Owed, target: Target, schedule: Schedule, fence: Fence | None, slot: Slot, ended: Callable[[Trip], None]
    ) -> None:
        self.lane = lane
        self.owed = owed
        self.target = target
        self.schedule = schedule
        self.fence = fence
        self.slot = slot
        self.ended = ended
        self.call: Cancellable | None = None


class Trips:
    """Those under way."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._under_way: dict[Trip, None] = {}
        self._none_left = asyncio.Event()

    def add(self, trip: Trip) -> None:
        """A call begins."""
        self._under_way[trip] = None

    def end_of(self, trip: Trip) -> None:
        """A call is over, however: heard of once only."""
        if trip not in self._under_way:
            return
        del self._under_way[trip]
        trip.ended(trip)
        if not self._under_way:
            self._none_left.set()

    def cut_off(self, chosen: Callable[[int], bool]) -> None:
        """Calls off those to the chosen targets. Their slots are free from the loop's next turn on."""
        for trip in list(self._under_way):
            if trip.call is not None and chosen(trip.target.id):
                trip.call.cancel()
                if not isinstance(trip.call, asyncio.Task):  # a task tells by itself
                    asyncio.get_running_loop().call_soon(self.end_of, trip)

    async def end(self, seconds: float) -> None:
        """Waits until all are over; after so long they are cut off."""
        try:
            async with self._clock.deadline(seconds):
                await self._until_over()
        except TimeoutError:
            log.warning("calls_cut_off", calls=len(self._under_way))
        self.cut_off(lambda target_id: True)
        await self._until_over()

    async def _until_over(self) -> None:
        while self._under_way:
            self._none_left.clear()
            await self._none_left.wait()
