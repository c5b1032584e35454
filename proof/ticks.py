"""What waiting repeats cost: nothing, 100,000, a million and five million of them, side by side.

A database for each size, with a server of its own. To each of them flow fresh messages, and repeats fall due. A tick's questions to the
database are asked beside the server as the engine asks them: who is owed to and from when on (every 30 s, and after each change),
and what is due for one target (when something falls due). Servers and questions take turns, so that what else the machine does falls
on all alike; only ratios are judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from odzew.clock import HOUR, SECOND, Clock
from odzew.forward import backlog
from odzew.store import deliveries
from odzew.store.changes import bump
from odzew.store.db import Database, statement
from proof import words
from proof.databases import Databases, databases
from proof.flow import ARRIVES_WITHIN, Flow, own_numbers
from proof.past import Past, analyzed, make
from proof.report import Report, percentile
from proof.server import Server
from proof.sink import Sink
from proof.stand import ENGINES, EngineName, octets_of, opened, prepare

WAITING: Final = (0, 100_000, 1_000_000, 5_000_000)
ACCOUNTS: Final = 10  # with ten targets each
FRESH: Final = 25.0  # messages a second, to each server
DUE: Final = 25.0  # repeats that fall due in a second, at each server
SECONDS: Final = 120.0
BEGINS_IN: Final = 15.0  # seconds from when the repeats are stored until the first falls due
ASKED: Final = 4  # questions of each kind to each database in a turn
PAUSE: Final = 0.05  # seconds between turns
LIMIT: Final = 500  # deliveries that a lane takes at once
MIB: Final = 1 << 20
CACHES: Final = 64  # MiB: SQLite's page caches, 16 MiB for each of three connections, fill where there is something to read


@dataclass
class Place:
    """One size: its database, its server, and what was measured (seconds)."""

    waiting: int
    url: str
    sink: Sink
    server: Server
    db: Database
    targets: list[int] = field(default_factory=list)
    due: dict[int, int] = field(default_factory=dict)  # delivery -> when it falls due
    looks: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    fresh: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    started: int = 0  # resident octets when it served
    ended: int = 0

    @property
    def figures(self) -> dict[str, tuple[list[float], float]]:
        """What is compared, and at which percentile."""
        return {
            "who is owed to, p99": (self.looks, 0.99),
            "what is due for a target, p99": (self.loads, 0.99),
            "a repeat begins after it is due, p99": (self.late, 0.99),
            "a fresh message, p95": (self.fresh, 0.95),
        }


@asynccontextmanager
async def filled(made: Databases, sizes: Sequence[int], report: Report, clock: Clock) -> AsyncIterator[list[Place]]:
    """A database and a server for each size, all of them up."""
    async with AsyncExitStack() as stack:
        places = []
        for size in sizes:
            sink = await Sink(clock).start()
            stack.push_async_callback(sink.stop)
            url = await made.empty(f"waiting{size}")
            await prepare(url, made.place(), words.setup_text(ACCOUNTS, sink.url, words.OWN))
            begun = clock.monotonic()
            async with opened(url) as db:
                targets = [row[0] for row in await db.read(statement, "SELECT id FROM targets ORDER BY id")]
                ends = (targets[0], targets[-1])
                await make(db, Past(size, ends, clock.now() + 6 * HOUR, HOUR), clock.now())
            await analyzed(made.engine, url)
            if made.engine == "sqlite" and size:
                report.say(f"sqlite: {size} waiting, on the disk", octets_of(url) / size, "octets each")
            report.say(f"{made.engine}: {size} waiting, stored in", clock.monotonic() - begun, "s")
            db = await stack.enter_async_context(opened(url))
            places.append(Place(size, url, sink, Server(url, clock), db, targets=targets))
        for place in places:
            await place.server.start()
            stack.push_async_callback(place.server.stop)
        yield places


async def measured(places: Sequence[Place], clock: Clock, seconds: float) -> None:
    """Fresh messages and due repeats at all of them, and the questions of a tick in turn."""
    for place in places:
        ends = (place.targets[0], place.targets[-1])
        past = Past(round(DUE * seconds), ends, clock.now() + round(BEGINS_IN * SECOND), round(seconds * SECOND))
        place.due = await due_times(place.db, await make(place.db, past, clock.now()))
        await place.db.write(bump, "due")
        place.started = place.server.rss()
    flows = [Flow(clock, place.server.port, FRESH, own_numbers(ACCOUNTS)) for place in places]
    flowing = [asyncio.create_task(flow.run(BEGINS_IN + seconds)) for flow in flows]
    begun = clock.monotonic()
    turn = 0
    while clock.monotonic() < begun + BEGINS_IN + seconds:
        for place in (*places[turn % len(places) :], *places[: turn % len(places)]):
            await ask(place, turn, clock)
        turn += 1
        await clock.sleep(PAUSE)
    await asyncio.gather(*flowing)
    for place, flow in zip(places, flows, strict=True):
        place.fresh = await flow.waits([place.sink], BEGINS_IN / 2)
        place.late = await late(place, clock)
        place.ended = place.server.rss()


async def ask(place: Place, turn: int, clock: Clock) -> None:
    """The questions of a tick, a few times each."""
    for number in range(ASKED):
        target = place.targets[(turn * ASKED + number) % len(place.targets)]
        place.looks.append(await timed(clock, place.db.read(deliveries.waiting_targets)))
        place.loads.append(await timed(clock, place.db.read(backlog.due_and_later, target, clock.now(), LIMIT, frozenset())))


async def timed(clock: Clock, question: Awaitable[object]) -> float:
    """How long it takes, in seconds."""
    begun = clock.monotonic()
    await question
    return clock.monotonic() - begun


async def due_times(db: Database, keys: range) -> dict[int, int]:
    """Delivery -> when it falls due."""
    sql = "SELECT delivery_id, due_at FROM owed WHERE delivery_id >= ? AND delivery_id <= ?"
    return {row[0]: row[1] for row in await db.read(statement, sql, keys[0], keys[-1])}


async def late(place: Place, clock: Clock) -> list[float]:
    """How long after its due time each repeat began, in seconds. TimeoutError where one did not."""
    keys = sorted(place.due)
    sql = "SELECT delivery_id, min(started_at) FROM attempts WHERE delivery_id >= ? AND delivery_id <= ? GROUP BY delivery_id"
    begun: dict[int, int] = {}
    async with clock.deadline(ARRIVES_WITHIN):
        while begun.keys() != place.due.keys():
            begun = {row[0]: row[1] for row in await place.db.read(statement, sql, keys[0], keys[-1])}
            await clock.sleep(0.5)
    return [(begun[key] - due) / SECOND for key, due in place.due.items()]


def told(engine: EngineName, places: Sequence[Place], report: Report) -> None:
    """Each figure at each size; the ratios to the first size are judged."""
    for place in places:
        for what, (values, share) in place.figures.items():
            report.say(f"{engine}: {place.waiting} waiting: {what}", percentile(values, share) * 1000, "ms", n=len(values))
    for place in places[1:]:
        for what, (values, share) in place.figures.items():
            first = percentile(places[0].figures[what][0], share)
            report.hold(f"{engine}: {place.waiting} waiting against none: {what}", percentile(values, share) / first, "x", at_most=2)
    for place in places:
        report.say(f"{engine}: {place.waiting} waiting: memory of the server when it serves", place.started / MIB, "MiB")
        report.say(f"{engine}: {place.waiting} waiting: memory of the server at the end", place.ended / MIB, "MiB")
    more = (places[-1].ended - places[0].ended) / MIB
    report.hold(f"{engine}: {places[-1].waiting} waiting: more memory at the end than with none", more, "MiB", at_most=CACHES)


async def on_engine(engine: EngineName, report: Report, clock: Clock, sizes: Sequence[int] = WAITING, seconds: float = SECONDS) -> None:
    """All sizes side by side."""
    with databases(engine) as made:
        async with filled(made, sizes, report, clock) as places:
            await measured(places, clock, seconds)
        told(engine, places, report)


async def run(clock: Clock, scale: float = 1.0) -> bool:
    """`scale`: share of the waiting repeats, and, down to a quarter, of the time."""
    report = Report("ticks", clock)
    for engine in ENGINES:
        await on_engine(engine, report, clock, [round(size * scale) for size in WAITING], SECONDS * max(0.25, min(1.0, scale)))
    return report.save()
