"""Long messages whose parts come at once over two binds to two server processes on PostgreSQL; and with real restarts between the parts.

In one run one of the two processes is killed in the middle. What it had not answered comes again at once over the other bind, where
an equal part is a repetition; how soon the other process takes its bind over is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_messages import ShortText, pdus
from odzew.store.db import statement
from proof import smpp_words
from proof.report import Report
from proof.server import Server
from proof.smpp_network import Judged, Network, judge, stored
from proof.stand import ENGINES, EngineName, database, directory, opened, prepare

MESSAGES: Final = 1_000
OPEN: Final = 200  # messages open at once, with random references of 8 bits
WINDOW: Final = 200
BINDS: Final = 2
SHAPES: Final = ("gsm7+udh8", "ucs2+udh16", "gsm7+sar")
PART: Final = 20  # characters in a part of the messages of five
PARTS: Final = 5
WITHIN: Final = 120.0
TAKEN_OVER_WITHIN: Final = 20.0


@dataclass(slots=True)
class Outcome:
    """`holders`: processes that held a bind. `lasted`: seconds until all was answered; `taken_over`: from the kill to two binds again."""

    judged: Judged = field(default_factory=Judged)
    holders: int = 0
    open_sets: int = 0
    incomplete: int = 0
    lasted: float = 0.0
    taken_over: float = 0.0
    restarts: int = 0


class Trial:
    """A database, an SMSC, and servers that bind to it."""

    def __init__(self, url: str, clock: Clock, smsc: Smsc) -> None:
        self.url = url
        self.clock = clock
        self.smsc = smsc
        self.network = Network(clock, 1, smsc)
        self.outcome = Outcome()

    async def servers(self, count: int, binds: int) -> list[Server]:
        """So many processes, started together so that each takes a bind; returns when all binds are there."""
        started = await asyncio.gather(*(Server(self.url, self.clock).start() for _ in range(count)))
        async with self.clock.deadline(WITHIN):
            await self.smsc.bound(binds)
        return list(started)

    def long(self) -> ShortText:
        """A new long message, of one of the shapes in turn."""
        return self.network.message(SHAPES[len(self.network.wanted) % len(SHAPES)])

    async def find(self) -> Outcome:
        """What is in the database."""
        outcome = self.outcome
        async with opened(self.url) as db:
            outcome.judged = judge(self.network, await db.read(stored))
            outcome.holders = (await db.read(statement, "SELECT count(DISTINCT process) FROM sessions"))[0][0]
            outcome.open_sets = (await db.read(statement, "SELECT count(*) FROM part_sets WHERE state = 'open'"))[0][0]
            outcome.incomplete = (await db.read(statement, "SELECT count(*) FROM messages WHERE incomplete = 1"))[0][0]
        return outcome


@asynccontextmanager
async def trial(engine: EngineName, clock: Clock, binds: int = BINDS) -> AsyncIterator[Trial]:
    """On a fresh database."""
    with directory() as place, database(engine, place) as url:
        async with at(url, place, clock, binds) as made:
            yield made


@asynccontextmanager
async def at(url: str, place: Path, clock: Clock, binds: int = BINDS) -> AsyncIterator[Trial]:
    """On this database, which is empty."""
    smsc = await Smsc(clock, system_id=smpp_words.SYSTEM_ID, window=WINDOW).start()
    try:
        await prepare(url, place, smpp_words.setup_text(smsc.port, binds=binds))
        yield Trial(url, clock, smsc)
    finally:
        await smsc.stop()


async def at_once(clock: Clock, count: int = MESSAGES) -> Outcome:
    """The parts of each message go out together, in turn over two binds of two processes."""
    async with trial("postgres", clock) as one:
        servers = await one.servers(2, BINDS)
        begun = clock.monotonic()
        async with clock.deadline(WITHIN):
            await one.smsc.send(*(one.long() for _ in range(count)))
        one.outcome.lasted = clock.monotonic() - begun
        await asyncio.gather(*(server.stop() for server in servers))
        return await one.find()


async def with_a_kill(clock: Clock, count: int = MESSAGES) -> Outcome:
    """As `at_once`, and when half is answered one process is killed."""
    async with trial("postgres", clock) as one:
        victim, other = await one.servers(2, BINDS)
        begun = clock.monotonic()
        entries = one.smsc.post(*(one.long() for _ in range(count)))
        async with clock.deadline(WITHIN):
            await one.smsc.until(lambda: one.smsc.ledger.settled >= len(entries) // 2)
            await victim.kill()
            killed = clock.monotonic()
            await one.smsc.until(lambda: len(one.smsc.sessions) < BINDS)
            await one.smsc.settled(entries)
            one.outcome.lasted = clock.monotonic() - begun
            await one.smsc.bound(BINDS)
        one.outcome.taken_over = clock.monotonic() - killed
        await other.stop()
        return await one.find()


async def mixed_up(clock: Clock, count: int = OPEN) -> Outcome:
    """All parts of many messages in an order by chance, with references of 8 bits by chance: all are open at once."""
    chance = random.Random(8)
    async with trial("postgres", clock) as one:
        servers = await one.servers(2, BINDS)
        single: list[ShortText] = []
        for _ in range(count):
            message = one.network.message("gsm7+udh8" if chance.random() < 0.5 else "ucs2+udh8")
            single += parts_of(replace(message, reference=chance.randrange(256)))
        chance.shuffle(single)
        async with clock.deadline(WITHIN):
            await one.smsc.send(*single)
        await asyncio.gather(*(server.stop() for server in servers))
        return await one.find()


async def over_restarts(engine: EngineName, clock: Clock, permutations: int | None = None) -> Outcome:
    """Messages of five parts, one for each order of the parts. After every part the server is restarted: in order, or after a kill."""
    async with trial(engine, clock, binds=1) as one:
        return await restarted(one, permutations)


async def restarted(one: Trial, permutations: int | None = None) -> Outcome:
    """As `over_restarts`, in a trial of its own."""
    orders = list(itertools.permutations(range(PARTS)))[:permutations]
    messages = []
    for number, _ in enumerate(orders):
        message = one.network.message("gsm7")  # of which the text is cut into five here
        size = -(-len(message.text) // PARTS)
        messages.append(parts_of(replace(message, shape=SHAPES[number % 3].replace("ucs2", "gsm7"), part_size=size, reference=number)))
    for turn in range(PARTS):
        (server,) = await one.servers(1, 1)
        async with one.clock.deadline(WITHIN):
            await one.smsc.send(*(parts[order[turn]] for parts, order in zip(messages, orders, strict=True)))
        await (server.kill() if turn % 2 else server.stop())
        one.outcome.restarts += turn > 0
    return await one.find()


def parts_of(message: ShortText) -> list[ShortText]:
    """A message of which each sends one part only."""
    assert message.reference is not None
    total = pdus(message, message.reference).total
    return [replace(message, order=(number,)) for number in range(1, total + 1)]


def tell(report: Report, name: str, found: Outcome, holders: int) -> None:
    """The rows of one run."""
    judged = found.judged
    report.say(f"{name}: long messages", judged.messages, pdus=judged.pdus)
    report.hold(f"{name}: processes that held a bind", found.holders, at_least=holders)
    report.hold(f"{name}: PDUs never taken, of {judged.pdus}", judged.not_taken, at_most=0)
    report.hold(f"{name}: not whole, or missing", judged.missing + found.incomplete, at_most=0)
    report.hold(f"{name}: twice", judged.twice, at_most=0)
    report.hold(f"{name}: that were never sent like this", judged.other, at_most=0)


async def run(clock: Clock) -> bool:
    report = Report("carrier-parts", clock)
    found = await at_once(clock)
    tell(report, "postgres, two binds to two processes", found, 2)
    report.say("postgres, two binds to two processes: until all was answered", found.lasted, "s")
    tell(report, f"postgres, {OPEN} open at once", await mixed_up(clock), 2)
    found = await with_a_kill(clock)
    tell(report, "postgres, one process killed", found, 2)
    report.say("postgres, one process killed: PDUs sent again", found.judged.sent_again)
    report.say("postgres, one process killed: of these stored before", found.judged.stored_again)
    report.say("postgres, one process killed: sets of repeated parts, left to run out", found.open_sets)
    report.hold("postgres, one process killed: until its bind is taken over", found.taken_over, "s", at_most=TAKEN_OVER_WITHIN)
    for engine in ENGINES:
        found = await over_restarts(engine, clock)
        tell(report, f"{engine}, restarts between the parts", found, 1)
        report.say(f"{engine}, restarts between the parts: restarts, every second after a kill", found.restarts)
    return report.save()
