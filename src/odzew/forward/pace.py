"""How many calls may begin in a second: to one target, for one account, and in all.

A limit of N holds for every second, whichever moment it begins at. The N may begin at once (that is the burst); the next call begins when
the first of them is a second old. Below 1 a second it is one call in 1/N seconds. Whoever has used up a limit stands aside without a
slot until then. One timer serves them all.

Targets that are failing have a limit together that nobody sets: a refused call takes less than a millisecond, and one after the other,
as fast as they fail, they would take the time of all others.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable
from typing import Final

from odzew.clock import Clock, Handle
from odzew.store.directory import Directory

FAILING: Final = 100.0
"""Calls a second to targets that are failing, all of them together."""
SOONEST: Final = 0.001  # seconds; loops count in milliseconds, and one that wakes too early would only wake again


class Window:
    """The calls of one owner that began lately. `rate`: calls a second, more than 0."""

    __slots__ = ("_begun", "_most", "_span", "rate")

    def __init__(self, rate: float) -> None:
        self._begun: deque[float] = deque()
        self.change(rate)

    def change(self, rate: float) -> None:
        """Another limit from now on; what has begun counts for it too."""
        self.rate = rate
        self._most = math.ceil(rate)
        self._span = self._most / rate

    def free_at(self, now: float) -> float:
        """The instant from which the next call may begin; not after `now`: at once."""
        begun = self._begun
        while begun and begun[0] + self._span <= now:
            begun.popleft()
        return begun[-self._most] + self._span if len(begun) >= self._most else now

    def begin(self, now: float) -> None:
        """A call begins."""
        self._begun.append(now)


class Bucket:
    """Calls that are spread evenly: one in 1/`rate` seconds, but for those of one second, which may begin in advance. `rate`: above 1."""

    __slots__ = ("_gap", "_paid_until")

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._paid_until = 0.0

    def free_at(self, now: float) -> float:
        """As of a `Window`."""
        return max(now, self._paid_until + self._gap - 1.0)

    def begin(self, now: float) -> None:
        """A call begins."""
        self._paid_until = max(self._paid_until, now) + self._gap


class Pace:
    """The limits per second of one process. `in_all`: calls a second, 0 for no limit; the others stand in the directory.

    `resume` is called when owners that stood aside may go on. Instants are of the clock's monotonic scale: a wall clock that is set
    changes nothing.
    """

    def __init__(self, clock: Clock, directory: Callable[[], Directory], in_all: float, resume: Callable[[list[object]], None]) -> None:
        self._clock = clock
        self._directory = directory
        self._resume = resume
        self._in_all = Window(in_all) if in_all else None
        self._failing = Bucket(FAILING)
        self._accounts: dict[int, Window] = {}
        self._targets: dict[int, Window] = {}
        self._seen: Directory | None = None
        self._aside: list[tuple[float, int, object]] = []  # a heap
        self._waiting: dict[int, float] = {}  # until when, by identity
        self._order = itertools.count()
        self._timer: tuple[float, Handle] | None = None

    def all_wait(self, who: object) -> bool:
        """Whether no call may begin now; `who` goes on when one may."""
        return self._in_all is not None and self._stands_aside(self._in_all, who)

    def account_waits(self, account_id: int, who: object) -> bool:
        """Whether no call of the account may begin now; `who` goes on when one may."""
        self._follow()
        window = self._accounts.get(account_id) if self._accounts else None
        return window is not None and self._stands_aside(window, who)

    def target_waits(self, target_id: int, who: object) -> bool:
        """Whether no call to the target may begin now; `who` goes on when one may."""
        window = self._targets.get(target_id) if self._targets else None
        return window is not None and self._stands_aside(window, who)

    def failing_wait(self, who: object) -> bool:
        """Whether no call to a target that is failing may begin now; `who` goes on when one may."""
        return self._stands_aside(self._failing, who)

    def begin(self, account_id: int, target_id: int, failing: bool = False) -> None:
        """A call begins. `failing`: to a target that is failing."""
        if failing:
            self._failing.begin(self._clock.monotonic())
        if self._in_all is None and not self._accounts and not self._targets:
            return
        now = self._clock.monotonic()
        for window in (self._in_all, self._accounts.get(account_id), self._targets.get(target_id)):
            if window is not None:
                window.begin(now)

    def clear(self) -> None:
        """Nobody waits any more. What has begun still counts."""
        self._aside.clear()
        self._waiting.clear()
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None

    def _stands_aside(self, window: Window | Bucket, who: object) -> bool:
        now = self._clock.monotonic()
        free_at = window.free_at(now)
        if free_at <= now:
            return False
        if free_at < self._waiting.get(id(who), math.inf):  # its limit may have been raised meanwhile
            self._waiting[id(who)] = free_at
            heapq.heappush(self._aside, (free_at, next(self._order), who))
            self._wake_at(self._aside[0][0], now)
        return True

    def _wake_at(self, instant: float, now: float) -> None:
        if self._timer is not None:
            if self._timer[0] <= instant:
                return
            self._timer[1].cancel()
        self._timer = instant, self._clock.call_later(max(SOONEST, instant - now), self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        free: list[object] = []
        while self._aside and self._aside[0][0] <= now:
            until, _, who = heapq.heappop(self._aside)
            if self._waiting.get(id(who)) == until:
                del self._waiting[id(who)]
                free.append(who)
        if self._aside:
            self._wake_at(self._aside[0][0], now)
        if free:
            self._resume(free)

    def _follow(self) -> None:
        """Takes over the limits of a new directory."""
        directory = self._directory()
        if directory is self._seen:
            return
        self._seen = directory
        self._accounts = _windows(self._accounts, {key: one.per_second for key, one in directory.accounts.items() if one.per_second})
        self._targets = _windows(self._targets, {key: one.per_second for key, one in directory.targets.items() if one.per_second})


def _windows(before: dict[int, Window], rates: dict[int, float]) -> dict[int, Window]:
    windows = {key: before.get(key) or Window(rate) for key, rate in rates.items()}
    for key, window in windows.items():
        if window.rate != rates[key]:
            window.change(rates[key])
    return windows
