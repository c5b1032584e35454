"""A session on a real socket with a real server, which gets random and changed PDUs that keep their framing, and must outlive them."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from odzew.clock import Clock
from odzew.simulate.smsc_messages import ShortText, pdus
from odzew.store.db import statement
from odzew.wire.pdu import HEADER, Command, Framer, Status, bind_response, header, pack, response
from proof import fuzz_octets, smpp_words, words
from proof.fuzz_octets import Chance
from proof.report import Report
from proof.server import Server
from proof.stand import database, directory, opened, prepare

PDUS: Final = 100_000
AT_ONCE: Final = 500  # sent in one write; each must have its answer before the next ones
WITHIN: Final = 60.0  # seconds for any of it
MESSAGES: Final = (int(Command.DELIVER_SM), int(Command.DATA_SM))
ANSWERS: Final = tuple(command | 0x8000_0000 for command in MESSAGES)
_ENDS: Final = int(Command.UNBIND)  # a session that is told so ends, as it should
MIB: Final = 1 << 20


def random_pdu(chance: Chance, sequence: int) -> bytes:
    """A PDU whose length is right, with a command and a status that are mostly right, and a body by chance."""
    octets = chance.octets()
    pick = chance.random.random
    command = int.from_bytes(octets[4:8], "big") if pick() < 0.85 else int(chance.random.choice(tuple(Command)))
    if command == _ENDS:
        command = chance.random.getrandbits(32) | 0x400  # no command that there is
    status = 0 if pick() < 0.9 else chance.random.getrandbits(32)
    return pack(command, status, sequence if pick() < 0.9 else chance.random.getrandbits(32), octets[HEADER:])


@dataclass
class Outcome:
    """`answers`: how often each status was given to a message; `nacks`: generic_nacks; memory in MiB."""

    sent: int = 0
    of_messages: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    nacks: int = 0
    binds: int = 0
    taken_after: bool = False
    stored: int = 0
    unreadable: int = 0
    peak: float = 0.0


class Peer(asyncio.Protocol):
    """The SMSC's end: takes the bind, counts what is answered, and answers only what keeps the session alive."""

    def __init__(self, outcome: Outcome, moved: asyncio.Event, peers: list[Peer]) -> None:
        self._outcome = outcome
        self._moved = moved
        self._peers = peers
        self._framer = Framer()
        self.transport: asyncio.WriteTransport | None = None
        self.answered = 0
        self.last: tuple[int, int] = (0, 0)  # sequence number and status of the last answer to a message

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a real transport has it
        self._peers.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._moved.set()

    def data_received(self, data: bytes) -> None:
        for pdu in self._framer.feed(data):
            self._hear(pdu)
        self._moved.set()

    def write(self, octets: bytes) -> None:
        if self.transport is not None:
            self.transport.write(octets)

    def _hear(self, pdu: bytes) -> None:
        head = header(pdu)
        if head.command in (Command.BIND_TRANSCEIVER, Command.BIND_RECEIVER):
            self.write(bind_response(head.command, 0, head.sequence, "SMSC"))
            self._outcome.binds += 1
        elif head.command in (Command.ENQUIRE_LINK, Command.UNBIND):
            self.write(response(head.command, 0, head.sequence))
        elif head.command in ANSWERS:
            self.answered += 1
            self.last = (head.sequence, head.status)
            self._outcome.answers[head.status] += 1
        elif head.command == Command.GENERIC_NACK:
            self._outcome.nacks += 1


Holds = Callable[[Peer], bool]


class Line:
    """An SMSC that listens, and the one session with it."""

    def __init__(self, clock: Clock) -> None:
        self.outcome = Outcome()
        self.port = 0
        self._clock = clock
        self._moved = asyncio.Event()
        self._peers: list[Peer] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> Line:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Peer(self.outcome, self._moved, self._peers), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def send(self, count: int, seed: str = "session") -> None:
        """So many random PDUs, some at once; AssertionError if the session does not live, or a message gets no answer."""
        chance = Chance(seed, [*fuzz_octets.deliveries(), *fuzz_octets.control()])
        numbers = itertools.count(1)
        await self._until(lambda peer: self.outcome.binds > 0)
        for start in range(0, count, AT_ONCE):
            made = list(self._made(chance, numbers, min(AT_ONCE, count - start)))
            peer = self._peers[-1]
            peer.write(b"".join(made))
            await self._until(lambda peer: peer.answered >= self.outcome.of_messages)

    def _made(self, chance: Chance, numbers: Iterator[int], count: int) -> Iterator[bytes]:
        for _ in range(count):
            pdu = random_pdu(chance, next(numbers))
            self.outcome.sent += 1
            self.outcome.of_messages += header(pdu).command in MESSAGES
            yield pdu

    async def good(self) -> None:
        """A message that is as it should be: whether it is taken."""
        ((_, (command, body)),) = pdus(ShortText("+48600700800", words.own_number(1), "after all that"), 1).sent
        sequence = random.Random(1).getrandbits(31)
        peer = self._peers[-1]
        peer.write(pack(command, 0, sequence, body))
        await self._until(lambda peer: peer.last[0] == sequence)
        self.outcome.taken_after = peer.last[1] == Status.ROK

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for peer in self._peers:
                if peer.transport is not None:
                    peer.transport.abort()
            await self._server.wait_closed()

    async def _until(self, holds: Holds) -> None:
        async with self._clock.deadline(WITHIN):
            while not self._peers or not holds(self._peers[-1]):
                if len(self._peers) > 1 or any(peer.transport is None for peer in self._peers):
                    raise AssertionError(f"the session ended after {self.outcome.sent} PDUs")
                self._moved.clear()
                await self._moved.wait()


async def on_sqlite(clock: Clock, count: int = PDUS, seed: str = "session") -> Outcome:
    """The whole of it with a server on a fresh database."""
    with directory() as place, database("sqlite", place) as url:
        line = await Line(clock).start()
        try:
            await prepare(url, place, smpp_words.setup_text(line.port))
            server = await Server(url, clock).start()
            await line.send(count, seed)
            await line.good()
            outcome = line.outcome
            outcome.peak = server.peak_rss() / MIB
            assert await server.stop() == 0
        finally:
            await line.stop()
        async with opened(url) as db:
            outcome.stored = (await db.read(statement, "SELECT count(*) FROM arrivals"))[0][0]
            outcome.unreadable = (await db.read(statement, "SELECT count(*) FROM arrivals WHERE role = 'unreadable'"))[0][0]
    return outcome


def tell(report: Report, found: Outcome) -> None:
    """Its rows."""
    report.hold("session: random and changed PDUs that it outlived", found.sent, at_least=PDUS)
    report.hold("session: binds", found.binds, at_most=1)
    report.hold("session: messages among them without an answer", found.of_messages - found.answers.total() + 1, at_most=0)
    for status, count in found.answers.most_common():
        report.say(f"session: answers {Status(status).name}", count)
    report.say("session: generic_nacks", found.nacks)
    report.hold("session: a good message after it is taken", int(found.taken_after), at_least=1)
    report.hold("session: messages that left no trace", found.of_messages + 1 - found.stored, at_most=0)
    report.say("session: of these kept as unreadable", found.unreadable)
    report.say("session: peak memory of the server", found.peak, "MiB")
