"""Host names to addresses, bounded in every direction (contract 5.7, architecture "The forwarding engine").

The system's resolver cannot be called off, so a look-up that nobody waits for any more still holds its thread and its place in
the account's share: a name server that never answers slows the account whose target names it, and nobody else, as long as there are
more threads than two for each such account.

Nothing here is judged. An answer that is remembered is judged at every call like a new one, and the connection goes to an address
that was judged: a name that points elsewhere by the next look-up gains nothing.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Protocol

from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.forward.outcome import Outcome

MOST_ADDRESSES: Final = 100
"""Of one name. Each is judged, and judging ten thousand new ones would hold everybody up for a tenth of a second."""


class NameFailure(OdzewError):
    """A name that was not resolved. `outcome` is `dns` or `timeout_dns`."""

    temporary = True

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome: Outcome = outcome


class Resolver(Protocol):
    """The port. `account` is the key whose share of look-ups is used; `seconds` how long the caller waits."""

    async def resolve(self, host: str, account: Hashable, seconds: float) -> tuple[str, ...]:
        """Every address of `host`, at least one. Raises NameFailure."""
        ...

    def known(self, host: str) -> tuple[str, ...] | None:
        """The addresses of `host` where they are remembered; None: it must be asked for."""
        ...


@dataclass(slots=True, frozen=True)
class ResolverLimits:
    """Spans are seconds. `names` and `addresses`: how many are remembered in all."""

    threads: int = 128
    per_account: int = 2
    keep: float = 30.0
    keep_failure: float = 1.0
    names: int = 20_000
    addresses: int = 100_000


@dataclass(slots=True, eq=False)
class _Lookup:
    """One name being looked up for one account, and who waits for it."""

    host: str
    account: Hashable
    waiters: list[asyncio.Future[tuple[str, ...]]] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class _Known:
    """What the last look-up gave, until `until` on the monotonic scale."""

    until: float
    addresses: tuple[str, ...]
    failure: str = ""


def system_lookup(host: str) -> list[str]:
    """The addresses of a name as the operating system knows them. Blocks. Raises OSError or ValueError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class SystemResolver:
    """Resolves by the operating system, in a few threads of its own."""

    def __init__(self, clock: Clock, limits: ResolverLimits | None = None, lookup: Callable[[str], list[str]] = system_lookup) -> None:
        self._clock = clock
        self._limits = limits or ResolverLimits()
        self._lookup = lookup
        self._known: OrderedDict[str, _Known] = OrderedDict()  # as they were learned
        self._addresses = 0  # of all that are known
        self._running: dict[str, _Lookup] = {}
        self._busy: dict[Hashable, int] = {}
        self._queued: dict[Hashable, deque[_Lookup]] = {}
        self._jobs: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, _Lookup] | None] = queue.SimpleQueue()
        self._threads = 0

    @property
    def remembered(self) -> tuple[int, int]:
        """Names and addresses that are remembered, those included whose time is over."""
        return len(self._known), self._addresses

    @property
    def running(self) -> int:
        """How many look-ups hold a thread or wait for one, abandoned ones included."""
        return len(self._running)

    async def resolve(self, host: str, account: Hashable, seconds: float) -> tuple[str, ...]:
        """See `Resolver`. An answer is remembered for 30 s, a failure for 1 s."""
        known = self._fresh(host)
        if known is not None:
            if known.failure:
                raise NameFailure("dns", known.failure)
            return known.addresses
        lookup = self._join(host, account)
        waiter: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
        lookup.waiters.append(waiter)
        self._start_next(account)
        late = NameFailure("timeout_dns", f"{host} was not resolved in {seconds:g} s")
        handle = self._clock.call_later(seconds, lambda: _give_up(waiter, late))
        try:
            return await waiter
        finally:
            handle.cancel()
            self._leave(lookup, waiter)

    def known(self, host: str) -> tuple[str, ...] | None:
        """See `Resolver`."""
        known = self._fresh(host)
        return None if known is None or known.failure else known.addresses

    def close(self) -> None:
        """Lets the threads end as soon as they are idle; one that is stuck does not hold up the end of the process."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _join(self, host: str, account: Hashable) -> _Lookup:
        """The look-up of this name that already runs, or one of this account's queue."""
        running = self._running.get(host)
        if running is not None:
            return running
        waiting = self._queued.setdefault(account, deque())
        lookup = next((lookup for lookup in waiting if lookup.host == host), None)
        if lookup is None:
            lookup = _Lookup(host, account)
            waiting.append(lookup)
        return lookup

    def _leave(self, lookup: _Lookup, waiter: asyncio.Future[tuple[str, ...]]) -> None:
        if waiter in lookup.waiters:
            lookup.waiters.remove(waiter)
        waiting = self._queued.get(lookup.account)
        if waiting is not None and not lookup.waiters and lookup in waiting:
            waiting.remove(lookup)
        if waiting is not None and not waiting:
            self._queued.pop(lookup.account, None)

    def _start_next(self, account: Hashable) -> None:
        waiting = self._queued.get(account)
        while waiting and self._busy.get(account, 0) < self._limits.per_account:
            lookup = waiting.popleft()
            known = self._fresh(lookup.host)
            if known is not None:  # another account ended the same name meanwhile
                _settle(lookup, known)
                continue
            running = self._running.get(lookup.host)
            if running is not None:  # another account began the same name meanwhile
                running.waiters.extend(lookup.waiters)
                lookup.waiters = running.waiters
                continue
            self._running[lookup.host] = lookup
            self._busy[account] = self._busy.get(account, 0) + 1
            self._jobs.put((asyncio.get_running_loop(), lookup))
            if self._threads < min(self._limits.threads, len(self._running)):
                self._threads += 1
                threading.Thread(target=self._work, name="odzew-resolver", daemon=True).start()
        if waiting is not None and not waiting:
            self._queued.pop(account, None)

    def _work(self) -> None:
        """A thread: looks names up until it is told to end. Touches nothing that belongs to the loop."""
        while (job := self._jobs.get()) is not None:
            loop, lookup = job
            answer = self._answer(lookup.host)
            try:
                loop.call_soon_threadsafe(self._finish, lookup, answer)
            except RuntimeError:  # the loop is closed: nobody is left to tell
                return

    def _answer(self, host: str) -> tuple[tuple[str, ...], str]:
        """The addresses, or else why there are none."""
        try:
            found = tuple(dict.fromkeys(self._lookup(host)))
        except Exception as error:  # whatever it is: a thread that dies would take its place in the pool with it
            return (), f"{host} was not resolved: {getattr(error, 'strerror', None) or error}"
        if len(found) > MOST_ADDRESSES:
            return (), f"{host} has more than {MOST_ADDRESSES} addresses"
        return found, "" if found else f"{host} has no address"

    def _finish(self, lookup: _Lookup, answer: tuple[tuple[str, ...], str]) -> None:
        addresses, failure = answer
        del self._running[lookup.host]
        left = self._busy[lookup.account] - 1
        if left:
            self._busy[lookup.account] = left
        else:
            del self._busy[lookup.account]
        span = self._limits.keep_failure if failure else self._limits.keep
        known = _Known(self._clock.monotonic() + span, addresses, failure)
        self._remember(lookup.host, known)
        _settle(lookup, known)
        self._start_next(lookup.account)

    def _fresh(self, host: str) -> _Known | None:
        known = self._known.get(host)
        return known if known is not None and self._clock.monotonic() < known.until else None

    def _remember(self, host: str, known: _Known) -> None:
        """The memory of one process is not a name server's to fill: what was learned first goes first."""
        self._forget(host)
        self._known[host] = known
        self._addresses += len(known.addresses)
        while len(self._known) > self._limits.names or self._addresses > self._limits.addresses:
            self._forget(next(iter(self._known)))

    def _forget(self, host: str) -> None:
        known = self._known.pop(host, None)
        if known is not None:
            self._addresses -= len(known.addresses)


def _settle(lookup: _Lookup, known: _Known) -> None:
    for waiter in lookup.waiters:
        if waiter.done():
            continue
        if known.failure:
            waiter.set_exception(NameFailure("dns", known.failure))
        else:
            waiter.set_result(known.addresses)


def _give_up(waiter: asyncio.Future[tuple[str, ...]], late: NameFailure) -> None:
    if not waiter.done():
        waiter.set_exception(late)
