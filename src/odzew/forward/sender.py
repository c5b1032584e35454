"""The sender: one HTTP/1.1 call to judged addresses only, within the limits of contract 5.7.

Our own client, because it is on the hot path and because pinning is then simply connecting to the judged address. No redirects, no
cookies, no proxies from the environment.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Final

from odzew.clock import Clock
from odzew.forward.call import Answer, Body, Call, CallEnded, Sender, SenderLimits, StreamedBody
from odzew.forward.connection import Connection, PoolKey
from odzew.forward.flight import Flight, Flights
from odzew.forward.guard import Guard
from odzew.forward.literal import Forbidden, Host, read_host
from odzew.forward.outcome import Outcome, of_status
from odzew.forward.pool import Pool
from odzew.forward.request import body_length, request_head
from odzew.forward.resolver import NameFailure, Resolver
from odzew.forward.retry_after import BUSY, seconds_of

__all__ = ["Answer", "Call", "HttpSender", "Sender", "SenderLimits", "StreamedBody", "tls_context"]

_MICRO: Final = 1_000_000
_ERRNO: Final[dict[int, Outcome]] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout_connect",
    errno.EMFILE: "internal",
    errno.ENFILE: "internal",
    errno.ENOBUFS: "internal",
    errno.ENOMEM: "internal",
}


def tls_context(extra_ca: str | None = None, only_ca: str | None = None) -> ssl.SSLContext:
    """The context of every https call: certificates verified, TLS 1.2 or newer.

    `extra_ca`: a PEM file trusted besides the system's authorities; `only_ca`: one trusted in their place.
    """
    context = ssl.create_default_context(cafile=only_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if extra_ca is not None:
        context.load_verify_locations(cafile=extra_ca)
    return context


class HttpSender:
    """The `Sender` of the product. Time comes from `clock`, addresses from `resolver`, permission from `guard`."""

    def __init__(
        self, clock: Clock, resolver: Resolver, guard: Guard, limits: SenderLimits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._clock = clock
        self._resolver = resolver
        self._guard = guard
        self._limits = limits or SenderLimits()
        self._tls = tls or tls_context()
        self._pool = Pool(clock, self._limits)
        self._flights = Flights(clock, self._landed, self._again)

    @property
    def idle(self) -> int:
        """How many idle connections are kept."""
        return len(self._pool)

    def begin(self, call: Call, done: Callable[[Answer], None]) -> Flight | None:
        """See `Sender`."""
        if call.body is not None or call.deadline is not None or call.trace is not None:
            return None
        try:
            host = read_host(call.host)
            found = self._resolver.known(host.name) if host.address is None else (host.address,)
            if found is None:
                return None
            judged = self._guard.judge(found, call.port, call.allowances)[: self._limits.addresses]
            head = request_head(call, host)
        except (Forbidden, CallEnded):
            return None  # `send` tells it
        connection = self._pool.take(_keys(call, host, judged))
        if connection is None:
            return None
        begun = self._clock.monotonic()
        flight = Flight(call, connection, begun, begun + self._limits.deadline(0), self._flights, done)
        if not connection.begin(flight.ended):
            return None
        self._flights.add(flight, head)
        return flight

    def _landed(self, flight: Flight) -> Answer:
        """The answer of a call whose connection has ended the exchange."""
        answer = Answer("internal")
        self._read(flight.connection, flight.begun, answer)
        answer.total_us = self._since(flight.begun)
        return answer

    async def _again(self, flight: Flight) -> Answer:
        """A call that went on a kept connection which the peer was just closing, on a fresh one."""
        return await self._send(flight.call, flight.begun, fresh=True)

    async def send(self, call: Call) -> Answer:
        """See `Sender`. Raises only what the slices of a streamed body raise."""
        return await self._send(call, self._clock.monotonic())

    async def _send(self, call: Call, begun: float, fresh: bool = False) -> Answer:
        deadline = self._limits.deadline(body_length(call.body))
        if call.deadline is not None:
            deadline = min(deadline, call.deadline)
        answer = Answer("internal")
        try:
            host = read_host(call.host)
            head = request_head(call, host)
            if call.trace is not None:
                call.trace.request = head
            addresses = await self._judged(call, host, begun + deadline, answer)
            await self._talk(call, head, _keys(call, host, addresses), begun + deadline, answer, fresh)
        except Forbidden as error:
            answer.outcome, answer.detail = "blocked", str(error)
        except NameFailure as error:
            answer.outcome, answer.detail = error.outcome, str(error)
        except CallEnded as ended:
            answer.outcome, answer.detail, answer.address = ended.outcome, ended.detail, ended.address
        answer.total_us = self._since(begun)
        return answer

    async def close(self) -> None:
        """Closes every idle connection, and calls off what was begun."""
        self._flights.close()
        self._pool.close()

    async def _judged(self, call: Call, host: Host, until: float, answer: Answer) -> list[str]:
        """The addresses that may be connected to. A name is resolved once for each call, and every address is judged."""
        found: Sequence[str]
        if host.address is not None:
            found = (host.address,)
        else:
            begun = self._clock.monotonic()
            found = await self._resolver.resolve(host.name, call.account, min(self._limits.dns, until - begun))
            answer.dns_us = self._since(begun)
        if call.trace is not None:
            call.trace.addresses = [(address, self._guard.verdict(address, call.port, call.allowances)) for address in found]
        return self._guard.judge(found, call.port, call.allowances)[: self._limits.addresses]

    async def _talk(self, call: Call, head: bytes, keys: list[PoolKey], until: float, answer: Answer, fresh: bool) -> None:
        """Makes the exchange on a kept connection or on a fresh one.

        A kept connection may have been closed by the peer while our request was under way. Then, and only if not an octet of an answer
        came, the call is made once more on a fresh one. A body in slices can be read once only, so it never goes on a kept one.
        """
        fresh = fresh or isinstance(call.body, StreamedBody) or call.trace is not None
        connection = None if fresh else self._pool.take(keys)
        if connection is not None:
            await self._exchange(connection, head, call.body, until, answer)
            if connection.failure != "reset" or connection.first_octet_at is not None:
                return
            answer.reused = False
        connection = await self._open(call, keys, until, answer)
        connection.trace = call.trace
        await self._exchange(connection, head, call.body, until, answer)
        connection.trace = None

    async def _exchange(self, connection: Connection, head: bytes, body: Body, until: float, answer: Answer) -> None:
        begun = self._clock.monotonic()
        timer = self._clock.call_later(max(0.0, until - begun), connection.expire)
        try:
            await connection.exchange(head, body)
        finally:
            timer.cancel()
        self._read(connection, begun, answer)

    def _read(self, connection: Connection, begun: float, answer: Answer) -> None:
        """What an exchange that began then came to. The connection is kept, or closed."""
        answer.address = connection.key[3]
        answer.reused = connection.reused
        if connection.first_octet_at is not None:
            answer.first_byte_us = round((connection.first_octet_at - begun) * _MICRO)
        answer.status = connection.status or None
        answer.body = connection.body()
        answer.kept = answer.body[: self._limits.kept]
        answer.cut = connection.cut
        if connection.retry_after and connection.status in BUSY:
            answer.retry_after = seconds_of(connection.retry_after, self._clock.now())
        if connection.failure is not None:
            answer.outcome, answer.detail = connection.failure, connection.detail
        else:
            answer.outcome, answer.detail = of_status(connection.status), ""
        if connection.is_reusable():
            self._pool.put(connection)
        else:
            connection.abort()

    # --- a fresh connection -------------------------------------------------------------------------------------------------

    async def _open(self, call: Call, keys: list[PoolKey], until: float, answer: Answer) -> Connection:
        """Connects to the first address that takes the connection; what is left of the 3 s is shared by those left."""
        begun = self._clock.monotonic()
        until_connected = min(until, begun + self._limits.connect)
        key, connected = await self._dial_first(keys, until_connected)
        answer.connect_us = self._since(begun)
        begun = self._clock.monotonic()
        tls = None if call.scheme != "https" else self._tls if call.trust is None else call.trust.context
        connection = await self._wrap(connected, tls, key, min(until - begun, self._limits.tls))
        if tls is not None:
            answer.tls_us = self._since(begun)
        return connection

    async def _dial_first(self, keys: list[PoolKey], until: float) -> tuple[PoolKey, socket.socket]:
        last = CallEnded("internal", "there is no address to connect to")
        for left in range(len(keys), 0, -1):
            key = keys[-left]
            try:
                return key, await self._dial(key, (until - self._clock.monotonic()) / left)
            except CallEnded as ended:
                last = ended
        raise last

    async def _dial(self, key: PoolKey, seconds: float) -> socket.socket:
        *_, port, address = key
        try:
            dialled = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            raise CallEnded(outcome_of(error), str(error), address) from error
        try:
            dialled.setblocking(False)
            async with self._clock.deadline(max(0.0, seconds)):
                await asyncio.get_running_loop().sock_connect(dialled, (address, port))
        except BaseException as error:
            dialled.close()
            if isinstance(error, TimeoutError):
                raise CallEnded("timeout_connect", f"no connection in {seconds:.3g} s", address) from error
            if isinstance(error, OSError):
                raise CallEnded(outcome_of(error), error.strerror or str(error), address) from error
            raise
        return dialled

    async def _wrap(self, connected: socket.socket, tls: ssl.SSLContext | None, key: PoolKey, seconds: float) -> Connection:
        """Makes a Connection of a socket, after the TLS handshake where there is one."""
        secure = tls is not None
        address = key[3]
        try:
            async with self._clock.deadline(max(0.0, seconds)):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(key, self._clock, self._limits),
                    sock=connected,
                    ssl=tls,
                    server_hostname=key[1] if secure else None,
                )
        except TimeoutError as error:
            raise CallEnded("timeout_tls", f"no TLS in {seconds:.3g} s", address) from error
        except ssl.SSLCertVerificationError as error:
            raise CallEnded("tls", error.verify_message or str(error), address) from error
        except ssl.SSLError as error:
            raise CallEnded("tls", error.reason or str(error), address) from error
        except (OSError, ValueError) as error:  # ValueError: a name that cannot be sent as SNI
            raise CallEnded("tls" if secure else "reset", f"the handshake broke: {error}", address) from error
        return connection

    def _since(self, begun: float) -> int:
        return round((self._clock.monotonic() - begun) * _MICRO)


def _keys(call: Call, host: Host, addresses: list[str]) -> list[PoolKey]:
    kind = call.scheme if call.trust is None else f"{call.scheme} {call.trust.key}"
    return [(kind, host.name, call.port, address) for address in addresses]


def outcome_of(error: OSError) -> Outcome:
    """What a failed connection means."""
    return _ERRNO.get(error.errno or 0, "unreachable")
