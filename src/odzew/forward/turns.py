"""Whose turn it is: round robin over accounts, and within each account over its targets.

An account that has all the calls it may have stands aside until one of them ends, whatever it has waiting: so the cost of a
turn does not depend on how much waits. At least half the slots are for first attempts, and targets that are failing together get
at most a fifth: a target that would need one slot more of these stands aside in the same way. So does who has used up the calls of a second
(`forward.pace`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from odzew.forward.lane import Lane
from odzew.forward.pace import Pace

FEW: Final = 5
"""Targets that are failing get one in so many slots, all of them together."""


@dataclass(slots=True, frozen=True)
class EngineLimits:
    """Calls in flight (contract 8), how many deliveries a lane holds, and calls that begin in a second (0: no limit)."""

    calls: int = 256
    calls_per_account: int = 128
    calls_per_target: int = 8
    lane: int = 500
    per_second: float = 0.0


class Slot(NamedTuple):
    """What one call occupies beside its place."""

    repeat: bool
    failing: bool


PLAIN: Final = Slot(False, False)


class _Account:
    """The lanes of one account that have something to send, in order of their turns."""

    __slots__ = ("in_flight", "lanes", "queued")

    def __init__(self) -> None:
        self.lanes: deque[Lane] = deque()
        self.in_flight = 0
        self.queued = False


class Turns:
    """Gives the slots out. Counts the calls in flight: in all, of each account and (on the lane) of each target.

    `pace`: who has to wait because of what began within the last second.
    """

    def __init__(self, limits: EngineLimits, pace: Pace | None = None) -> None:
        self._limits = limits
        self._pace = pace
        self._accounts: dict[int, _Account] = {}
        self._ready: deque[_Account] = deque()
        self._aside: dict[Lane, None] = {}  # lanes that wait for a slot of which there are few, in order
        self.in_flight = 0
        self.repeats = 0
        self.failing = 0

    def __bool__(self) -> bool:
        """Whether somebody waits for a turn who might get one."""
        return bool(self._ready)

    def queue(self, lane: Lane) -> None:
        """The lane has something to send (nothing happens where it has not, or waits already)."""
        if lane.queued or not len(lane):
            return
        lane.queued = True
        account = self._accounts.get(lane.account_id)
        if account is None:
            account = self._accounts[lane.account_id] = _Account()
        account.lanes.append(lane)
        self._enqueue(account)

    def next(self) -> Lane | None:
        """The lane whose turn it is, out of the queue; None when no slot is free or nobody waits."""
        pace = self._pace
        while self._ready and self.in_flight < self._limits.calls:
            if pace is not None and pace.all_wait(self):
                return None
            account = self._ready.popleft()
            account.queued = False
            if account.in_flight >= self._limits.calls_per_account:
                continue  # comes back when one of its calls ends
            if pace is not None and pace.account_waits(account.lanes[0].account_id, account):
                continue  # comes back by `resume`
            lane = account.lanes.popleft()
            lane.queued = False
            self._enqueue(account)
            if not len(lane):
                continue
            if self._is_scarce(lane):
                self._aside[lane] = None
                continue
            if pace is not None and pace.target_waits(lane.target_id, lane):
                continue
            if pace is not None and lane.protection.is_failing and pace.failing_wait(lane):
                continue
            return lane
        return None

    def _is_scarce(self, lane: Lane) -> bool:
        """Whether the lane's next call would take a slot that is kept for others."""
        if lane.protection.is_failing and self.failing >= max(1, self._limits.calls // FEW):
            return True
        return not lane.has_first and self.repeats >= max(1, self._limits.calls // 2) and not lane.let_pass()

    def has_slot(self, lane: Lane, concurrency: int | None) -> bool:
        """Whether the target may have one more call; `concurrency` is its own setting."""
        return lane.in_flight < lane.protection.at_once(self.allowed(concurrency))

    def allowed(self, concurrency: int | None) -> int:
        """How many calls a target may have at once, by the settings."""
        return concurrency or self._limits.calls_per_target

    def begin(self, lane: Lane, repeat: bool = False) -> Slot:
        """A call begins. The lane takes its place behind the others. What is given back belongs to `end`."""
        slot = Slot(repeat, lane.protection.is_failing)
        lane.in_flight += 1
        self.in_flight += 1
        self.repeats += slot.repeat
        self.failing += slot.failing
        self._accounts[lane.account_id].in_flight += 1
        if self._pace is not None:
            self._pace.begin(lane.account_id, lane.target_id, slot.failing)
        self.queue(lane)
        return slot

    def resume(self, free: Sequence[object]) -> None:
        """Those who waited for their second to pass have their turns again."""
        for one in free:
            if isinstance(one, Lane):
                self.queue(one)
            elif isinstance(one, _Account):
                self._enqueue(one)

    def end(self, lane: Lane, slot: Slot = PLAIN) -> None:
        """A call has ended."""
        lane.in_flight -= 1
        self.in_flight -= 1
        self.repeats -= slot.repeat
        self.failing -= slot.failing
        if self._aside and (slot.repeat or slot.failing):
            aside, self._aside = self._aside, {}
            for waiting in aside:
                self.queue(waiting)
        account = self._accounts[lane.account_id]
        account.in_flight -= 1
        self._enqueue(account)
        self.queue(lane)

    def clear(self) -> None:
        """Nobody waits any more. Calls in flight still end."""
        for account in self._accounts.values():
            account.lanes.clear()
            account.queued = False
        self._ready.clear()
        self._aside.clear()
        if self._pace is not None:
            self._pace.clear()

    def _enqueue(self, account: _Account) -> None:
        if account.lanes and not account.queued:
            account.queued = True
            self._ready.append(account)
