"""One call to a client's URL and what came of it: the values on both sides of the sender's port."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from odzew.forward.allowance import Allowance
from odzew.forward.outcome import Outcome

KIB = 1024


@dataclass(slots=True, frozen=True)
class SenderLimits:
    """The limits of contract 5.7. Spans are seconds, sizes octets."""

    dns: float = 3.0
    connect: float = 3.0
    tls: float = 3.0
    total: float = 10.0
    total_per_octet: float = 1.0 / (256 * KIB)
    total_at_most: float = 60.0
    answer: int = 64 * KIB
    kept: int = 4 * KIB
    head: int = 32 * KIB
    interim: int = 16
    addresses: int = 3
    idle: float = 30.0
    idle_per_host: int = 128
    idle_in_all: int = 512

    def deadline(self, body_octets: int) -> float:
        """How long a call that sends so much may take in all: 10 s and 1 s for each 256 KiB, at most 60 s."""
        return min(self.total_at_most, self.total + body_octets * self.total_per_octet)


@dataclass(slots=True)
class StreamedBody:
    """A body that is produced in slices and can be read once. `length` is known beforehand and must be kept exactly."""

    length: int
    slices: AsyncIterable[bytes]


Body = bytes | StreamedBody | None


@dataclass(slots=True, frozen=True)
class Trust:
    """The TLS context of some calls. `key` names it: a connection that was made under one is never used under another."""

    context: ssl.SSLContext
    key: str


@dataclass(slots=True)
class Trace:
    """What a trial call notes beside its answer. Such a call is made on a connection of its own.

    `request`: the head as it is sent; `addresses`: all that the name resolved to, each with the guard's verdict in words; `answer`: what
    came, from its first octet, as far as its head went. Of a mail server: the dialogue, `>` ours and `<` theirs.
    """

    request: bytes = b""
    addresses: list[tuple[str, str]] = field(default_factory=list)
    answer: bytes = b""
    dialogue: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Call:
    """One HTTP call. `target` is the request target as it will be sent (path and query, ASCII), `host` as the URL spells it.

    `headers` holds what is particular to this call; Host, User-Agent, Accept-Encoding, Connection and the length of the body are the
    sender's. `account` is the key of the account's share of look-ups. `deadline` (seconds) may shorten the limits, never extend them.
    `trust`: TLS of the target's own. `head`: the head of the request where whoever made the call has made that too.
    """

    method: str
    scheme: str
    host: str
    port: int
    target: bytes
    headers: Sequence[tuple[str, str]] = ()
    body: Body = None
    allowances: Sequence[Allowance] = ()
    account: Hashable = None
    deadline: float | None = None
    trust: Trust | None = None
    trace: Trace | None = None
    head: bytes | None = None


@dataclass(slots=True)
class Answer:
    """How a call ended. `outcome` is what the transport and the status say; verification is `forward.verify`'s.

    `body` is what was read of the answer (at most 64 KiB; this is what is verified), `kept` its first 4 KiB (this is what is
    stored). `cut`: there was more than was read. Spans are microseconds; `reused`: on a connection that an earlier call had made.
    `retry_after`: seconds that a URL which is busy (429, 503) asked to be left alone for.
    """

    outcome: Outcome
    status: int | None = None
    body: bytes = b""
    kept: bytes = b""
    cut: bool = False
    address: str = ""
    detail: str = ""
    reused: bool = False
    dns_us: int = 0
    connect_us: int = 0
    tls_us: int = 0
    first_byte_us: int = 0
    total_us: int = 0
    retry_after: float | None = None

    @property
    def timings(self) -> str:
        """The spans in words, for the attempt's row."""
        opened = "reused" if self.reused else f"connect={self.connect_us} tls={self.tls_us}"
        return f"dns={self.dns_us} {opened} first_byte={self.first_byte_us} total={self.total_us}"


class CallEnded(Exception):
    """The call has ended before there was an answer. Never leaves `forward.sender`."""

    def __init__(self, outcome: Outcome, detail: str, address: str = "") -> None:
        super().__init__(detail)
        self.outcome: Outcome = outcome
        self.detail = detail
        self.address = address


class Cancellable(Protocol):
    """A call under way."""

    def cancel(self) -> object:
        """Calls it off."""
        ...


class Sender(Protocol):
    """The port through which calls are made."""

    async def send(self, call: Call) -> Answer:
        """Makes one call. Never raises for what the peer does: that is the answer's outcome."""
        ...

    def begin(self, call: Call, done: Callable[[Answer], None]) -> Cancellable | None:
        """Makes one call without a task where all that it takes is at hand; `done` is told later, once.

        None: nothing was begun, `send` does it.
        """
        ...

    async def close(self) -> None:
        """Closes every idle connection."""
        ...
