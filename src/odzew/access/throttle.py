"""Slows guessing. Failed log-ins are counted per address and per login; many slow the next ones, more refuse them.

A login is never locked for an address from which it entered lately: such a pair is judged by its own failures alone. Otherwise
a stranger could shut out any user by failing in that user's name, or a neighbour behind the same address.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from odzew.access.addresses import neighbourhood
from odzew.clock import Clock
from odzew.errors import Busy


@dataclass(slots=True, frozen=True)
class Limits:
    """From `slow_after` failures in `window` seconds on, attempts wait: `first_wait` seconds, doubled with each, to `longest_wait`.

    From `refuse_after` on they are refused. `waiting` attempts may wait at once; `remembered` addresses, logins and pairs are kept.
    """

    slow_after: int = 10
    refuse_after: int = 20
    window: float = 300.0
    first_wait: float = 0.25
    longest_wait: float = 4.0
    waiting: int = 64
    remembered: int = 100_000
    known_for: float = 86_400.0


DEFAULT_LIMITS = Limits()


class Throttle:
    """Counts failures. Ask `admit` before a credential is judged, then tell `failed` or `succeeded`.

    `address` is the caller's (IPv6: its /64 counts); `login` None where a token was presented.
    """

    def __init__(self, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._clock = clock
        self._limits = limits
        self._addresses = _Failures(limits)
        self._logins = _Failures(limits)
        self._pairs = _Failures(limits)
        self._known: OrderedDict[Hashable, float] = OrderedDict()  # (address, login) -> until when; the oldest first
        self._waiting = 0

    async def admit(self, address: str, login: str | None) -> None:
        """Returns at once, or after a wait, or raises Busy: this address or login has failed too often."""
        failures = self._admissible(address, login)
        wait = self._wait(failures)
        if not wait:
            return
        if self._waiting >= self._limits.waiting:
            raise Busy("too many log-ins are waiting after failures", math.ceil(wait))
        self._waiting += 1
        try:
            await self._clock.sleep(wait)
        finally:
            self._waiting -= 1
        self._admissible(address, login)  # others that waited may have failed meanwhile

    def failed(self, address: str, login: str | None) -> None:
        """A credential was wrong."""
        now = self._clock.monotonic()
        place = neighbourhood(address)
        self._addresses.add(place, now)
        if login is not None:
            name = _name(login)
            self._logins.add(name, now)
            if self._is_known((place, name), now):
                self._pairs.add((place, name), now)

    def succeeded(self, address: str, login: str) -> None:
        """A log-in was right: the failures of this login are forgotten, those of the address are not."""
        name = _name(login)
        self._logins.forget(name)
        pair = (neighbourhood(address), name)
        self._known.pop(pair, None)
        self._known[pair] = self._clock.monotonic() + self._limits.known_for
        if len(self._known) > self._limits.remembered:
            self._known.popitem(last=False)

    def _admissible(self, address: str, login: str | None) -> int:
        """Failures that count against this attempt. Busy if they are too many."""
        now = self._clock.monotonic()
        times = self._times(address, login, now)
        if len(times) >= self._limits.refuse_after:
            # The ledger keeps only the latest `refuse_after`: when the first of them is out of the window, one more may try.
            raise Busy("too many failed log-ins", max(1, math.ceil(times[0] + self._limits.window - now)))
        return len(times)

    def _times(self, address: str, login: str | None, now: float) -> array[float]:
        place = neighbourhood(address)
        if login is None:
            return self._addresses.times(place, now)
        name = _name(login)
        if self._is_known((place, name), now):
            return self._pairs.times((place, name), now)
        return max(self._addresses.times(place, now), self._logins.times(name, now), key=len)

    def _wait(self, failures: int) -> float:
        over = failures - self._limits.slow_after
        return 0.0 if over < 0 else min(self._limits.longest_wait, self._limits.first_wait * 2.0 ** min(over, 30))

    def _is_known(self, pair: Hashable, now: float) -> bool:
        return self._known.get(pair, now) > now


class _Failures:
    """The instants of the latest failures of each key, of at most `remembered` keys: who failed longest ago is forgotten first."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._times: OrderedDict[Hashable, array[float]] = OrderedDict()

    def add(self, key: Hashable, now: float) -> None:
        times = self.times(key, now)
        times.append(now)
        del times[: -self._limits.refuse_after]
        self._times[key] = times
        self._times.move_to_end(key)
        if len(self._times) > self._limits.remembered:
            self._times.popitem(last=False)

    def times(self, key: Hashable, now: float) -> array[float]:
        """Those within the window, the oldest first."""
        times = self._times.get(key)
        if times is None:
            return array("d")
        while times and times[0] <= now - self._limits.window:
            times.pop(0)
        if not times:
            del self._times[key]
        return times

    def forget(self, key: Hashable) -> None:
        self._times.pop(key, None)


def _name(login: str) -> bytes:
    """Stands for a login: as short for one of a megabyte as for any other. Those that begin alike for so long are counted as one."""
    return hashlib.blake2b(login[:1024].encode("utf-8", "surrogatepass"), digest_size=16).digest()
