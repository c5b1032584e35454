"""An SMSC on loopback: an SMPP 3.4 server that sends messages to whoever binds, keeps a ledger of them, and misbehaves on demand."""

from __future__ import annotations

import asyncio
import functools
import itertools
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from odzew.clock import Clock, Handle
from odzew.errors import SettingError
from odzew.simulate.smsc_faults import Faults
from odzew.simulate.smsc_ledger import Entry, Ledger, all_settled
from odzew.simulate.smsc_messages import ShortText, pdus
from odzew.simulate.smsc_session import Moment, Session
from odzew.wire.pdu import BindRequest
from odzew.wire.status import Status

PAUSE: Final = 1.0  # seconds until a message that was refused for now is sent again
WINDOW: Final = 10
MOST_TRIES: Final = 1000
TICK: Final = 0.002  # seconds; at a higher rate several messages go in one tick
EARLY: Final = 1e-6  # seconds by which a tick may come early, for sums of fractions are not exact

Told = Callable[[str, str], None]
"""(what, about) of everything that happens to a session: bound, refused, lost, fault, answered, link."""


class Noted(NamedTuple):
    """A PDU of the ESME beside the answers to messages: what it answers, and the PDU."""

    session: int
    what: str
    pdu: bytes


def nobody(_what: str, _about: str) -> None:
    """Hears nothing."""


class Smsc:
    """The server. `system_id` and `password` are what a bind must say; empty: any will do.

    `window`: most messages out at once over all sessions (closed loop). `rate`: messages a second, whatever the answers do (open
    loop; the window still caps what is out). `pause`: seconds before a temporarily refused message is sent again. `links`: seconds
    between its own enquire_links, None: none. `faults`: names of smsc_faults.FAULTS, `NAME` or `NAME=N`. `tls`: a server's context.
    """

    def __init__(
        self, clock: Clock, host: str = "127.0.0.1", port: int = 0, *, system_id: str = "", password: str = "", window: int = WINDOW,
        rate: float = 0.0, pause: float = PAUSE, links: float | None = None, faults: Iterable[str] = (),
        tls: ssl.SSLContext | None = None, told: Told = nobody, most_tries: int = MOST_TRIES, name: str = "odzew-smsc",
    ) -> None:  # fmt: skip
        self.clock = clock
        self.host = host
        self.port = port
        self.system_id = name
        self.ledger = Ledger()
        self.sessions: list[Session] = []
        self.binds: list[BindRequest] = []
        self.submits: list[bytes] = []
        self.notes: list[Noted] = []
        self._expected = (system_id, password)
        self._window, self._rate, self._pause, self._links = window, rate, pause, links
        self.faults = Faults(faults)
        self._tls = tls
        self._told = told
        self._most_tries = most_tries
        self._queue: deque[Entry] = deque()
        self._due: deque[Entry] = deque()  # of the open loop: not yet their turn
        self._out = 0
        self._sent = 0
        self._turn = 0
        self._numbers = itertools.count(1)
        self._references = itertools.count(1)
        self._resting: dict[int, Handle] = {}  # number of an entry -> the call that sends it again
        self._ticking: Handle | None = None
        self._began = 0.0
        self._released = 0
        self._moved = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._stopped = False

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> Smsc:
        """Listens; `port` is then the real one. SettingError if it cannot."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._session, self.host, self.port, ssl=self._tls)
        except (OSError, OverflowError) as error:
            raise SettingError(f"cannot listen on {self.host}:{self.port}: {getattr(error, 'strerror', None) or error}") from None
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Ends everything at once: connections are reset. `unbind` before it for an end in order."""
        self._stopped = True
        for handle in self._resting.values():
            handle.cancel()
        if self._ticking is not None:
            self._ticking.cancel()
        if self._server is not None:
            self._server.close()
        for session in list(self.sessions):
            session.abort("the SMSC stopped")
        await self.until(lambda: not self.sessions)
        if self._server is not None:
            await self._server.wait_closed()

    async def unbind(self) -> None:
        """Unbinds every session in order and waits until all have gone."""
        going = [session for session in self.sessions if session.bound]
        for session in going:
            session.write(session.unbind())
        await self.until(lambda: not any(session in self.sessions for session in going))

    def lose(self) -> None:
        """Resets every connection; what is unanswered is sent again over the next."""
        for session in list(self.sessions):
            session.abort("the connection was reset")

    # --- for those who watch -----------------------------------------------------------------------------------------

    async def bound(self, count: int = 1) -> None:
        """Returns when so many sessions that take messages are bound."""
        await self.until(lambda: len(self._receivers()) >= count)

    async def send(self, *messages: ShortText) -> list[Entry]:
        """Sends messages and returns when each of their PDUs is answered for good."""
        entries = self.post(*messages)
        await self.settled(entries)
        return entries

    def post(self, *messages: ShortText) -> list[Entry]:
        """Gives messages to the queue; they go out as window or rate allow. WireError for a text that its shape cannot carry."""
        entries: list[Entry] = []
        for message in messages:
            made = pdus(message, next(self._references))
            for part, pdu in made.sent:
                entries.append(self.ledger.enter(message, part, made.total, pdu.command, pdu.body))
        (self._due if self._rate else self._queue).extend(entries)
        self._begin_ticking()
        self._pump()
        return entries

    async def settled(self, entries: Sequence[Entry] | None = None) -> None:
        """Returns when these entries (None: all) are answered for good."""
        if entries is None:
            await self.until(lambda: self.ledger.settled == len(self.ledger))
        else:
            await self.until(lambda: all_settled(entries))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Returns when something holds; it is looked at whenever anything has happened to a session or a message."""
        while not holds():
            self._moved.clear()
            await self._moved.wait()

    @property
    def out(self) -> int:
        """Messages sent and not yet answered."""
        return self._out

    # --- the flow ----------------------------------------------------------------------------------------------------

    def _receivers(self) -> list[Session]:
        return [session for session in self.sessions if session.receives]

    def _pump(self) -> None:
        """Sends what the window allows, in turn over the sessions that take messages, each one's share in one segment."""
        receivers = self._receivers()
        room = min(self._window - self._out, len(self._queue))
        if not receivers or room <= 0 or self._stopped:
            return
        shares: list[list[Entry]] = [[] for _ in receivers]
        for _ in range(room):
            shares[self._turn % len(shares)].append(self._queue.popleft())
            self._turn += 1
        kept = [entry for session, share in zip(receivers, shares, strict=True) for entry in session.deliver(share)]
        if kept:
            self._queue.extendleft(reversed(kept))
            asyncio.get_running_loop().call_soon(self._pump)

    def _begin_ticking(self) -> None:
        if self._rate and self._ticking is None and self._due:
            self._began, self._released = self.clock.monotonic(), 0
            self._tick()

    def _tick(self) -> None:
        """Moves to the queue what is due by now, counted from the beginning: the rate holds however late a tick comes."""
        self._ticking = None
        if self._stopped:
            return
        passed = self.clock.monotonic() - self._began + EARLY
        while self._due and self._released <= passed * self._rate:
            self._queue.append(self._due.popleft())
            self._released += 1
        self._pump()
        if self._due:
            wait = self._released / self._rate - passed
            self._ticking = self.clock.call_later(max(TICK, wait), self._tick)

    def _again(self, entry: Entry) -> None:
        self._resting.pop(entry.number, None)
        self._queue.append(entry)
        self._pump()

    # --- what sessions tell (smsc_session.Centre) --------------------------------------------------------------------

    def _session(self) -> Session:
        session = Session(self, next(self._numbers))
        self.sessions.append(session)
        return session

    def admits(self, request: BindRequest) -> int:
        system_id, password = self._expected
        status = Status.ROK
        if system_id and request.system_id != system_id:
            status = Status.RINVSYSID
        elif password and request.password != password:
            status = Status.RINVPASWD
        self.binds.append(request)
        if status:
            self._told("refused", f"the bind of {request.system_id or 'nobody'}: {status.name}")
        return int(status)

    def joined(self, session: Session) -> None:
        if session.bound:
            self._told("bound", f"session {session.number} as {session.mode}, system_id {session.system_id or 'none'}")
            if self._links is not None:
                session.ask_every(self._links)
        self._moved.set()
        self._pump()

    def left(self, session: Session, unanswered: list[Entry], why: str) -> None:
        if session in self.sessions:
            self.sessions.remove(session)
        self._out -= len(unanswered)
        self._queue.extendleft(reversed(unanswered))
        self._told("ended", f"session {session.number}: {why}; {len(unanswered)} unanswered")
        self._moved.set()
        asyncio.get_running_loop().call_soon(self._pump)  # uvloop closes the socket only after it has said so

    def sent(self, entry: Entry) -> None:
        self._out += 1
        self._sent += 1
        self.ledger.sent(entry, self.clock.monotonic())

    def next(self) -> Entry | None:
        return self._queue.popleft() if self._queue else None

    def answered(self, entries: list[tuple[Entry, int]]) -> None:
        now = self.clock.monotonic()
        self._out -= len(entries)
        for entry, status in entries:
            if not self.ledger.answered(entry, status, now, self._most_tries):
                self._resting[entry.number] = self.clock.call_later(self._pause, functools.partial(self._again, entry))
        self._moved.set()
        self._pump()

    def submitted(self, pdu: bytes) -> None:
        self.submits.append(pdu)
        self._moved.set()

    def noted(self, session: Session, what: str, pdu: bytes) -> None:
        self.notes.append(Noted(session.number, what, pdu))
        self._moved.set()

    def fault(self, moment: Moment, session: Session, pdu: bytes) -> bytes | None:
        before = len(self.faults.seen)
        octets = self.faults.at(moment, session, pdu, self._sent)
        for name in self.faults.seen[before:]:
            self._told("fault", f"{name} on session {session.number}")
        return octets

    def segments(self, octets: bytes) -> list[bytes]:
        return self.faults.segments(octets)


def server_tls(certificate: str, key: str) -> ssl.SSLContext:
    """The context of an SMSC that speaks TLS. SettingError for a pair that cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise SettingError(f"the certificate {certificate} and its key cannot be used: {error}") from None
    return context
