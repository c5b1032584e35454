"""100,000 messages to one dead target: what others notice of it, and how all of them end.

First beside others: a server starts with the 100,000 due at once, and fresh messages flow to 99 targets that are well; runs in turn
with a server that has none of them. Then by a clock that is set forward: an engine in this process makes every attempt over real
sockets, and each must be made at the contract's times (contract 5.5: after 5, 10, 15 and 60 minutes), none early, and all end exhausted.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal

from odzew.clock import MINUTE, SECOND, Clock, FixedClock
from odzew.forward.engine import Engine
from odzew.forward.exchange import Exchange
from odzew.forward.guard import Guard
from odzew.forward.plan import LATE
from odzew.forward.resolver import SystemResolver
from odzew.forward.schedule import Schedule
from odzew.forward.sender import HttpSender
from odzew.forward.target_health import TargetHealth
from odzew.store.db import Database, statement
from odzew.store.directory import Present
from odzew.store.engines import open_database
from proof import words
from proof.databases import Databases, databases
from proof.flow import Flow, own_numbers
from proof.pairs import interleaved
from proof.past import Past, analyzed, make
from proof.report import Report, percentile
from proof.server import Server
from proof.sink import Sink
from proof.stand import ENGINES, EngineName, opened, prepare

Fault = Literal["refused", "http_5xx"]
"""How the target is dead: nobody listens there, or it answers 500."""

MESSAGES: Final = 100_000
ACCOUNTS: Final = 10  # with ten targets each; the dead one is the first
RATE: Final = 200.0  # fresh messages a second to the others
SECONDS: Final = 30.0
WARM: Final = 5.0
PAIRS: Final = 5
WINDOW: Final = 10_000  # deliveries that are judged at a time
LEAP: Final = 0.25  # seconds by which the fixed clock goes on at least when nothing is in hand: due times are scattered
TURN: Final = 0.005  # seconds for which the engine is left to work, and then the fixed clock goes on
FASTER: Final = 8.0  # so many times as fast as the machine's; where there is nothing to do it goes straight to the next due time
WORKED_OFF_WITHIN: Final = 3600.0  # seconds
OF_BOTH: Final[dict[EngineName, Fault]] = {"sqlite": "refused", "postgres": "http_5xx"}
"""By the fixed clock one fault on each engine: it takes minutes."""


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that nobody listens on, and nobody else takes meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def setup(well: int, dead: int) -> str:
    """The set-up, its first target at the port `dead`; by the contract's own schedule."""
    text = words.setup_text(ACCOUNTS, f"http://127.0.0.1:{well}", words.OWN).splitlines()
    lines = [line for line in text if not line.startswith("retry_")]
    return "\n".join(lines).replace(f"http://127.0.0.1:{well}/1/0?", f"http://127.0.0.1:{dead}/1/0?") + "\n"


# --- beside others ---------------------------------------------------------------------------------------------------


@dataclass
class Beside:
    """What all runs with one fault share. `attempts`: how many the dead target got in each run."""

    made: Databases
    clock: Clock
    well: Sink
    count: int
    seconds: float
    attempts: list[int] = field(default_factory=list)

    async def fill(self, name: str, count: int, dead: int) -> None:
        """The database that runs begin with a copy of: so many messages due now to the dead target."""
        url = await self.made.empty(name)
        await prepare(url, self.made.place(), setup(self.well.port, dead))
        async with opened(url) as db:
            target = await first_target(db)
            await make(db, Past(count, (target, target), self.clock.now(), slot=0), self.clock.now())
        await analyzed(self.made.engine, url)

    async def once(self, of: str) -> float:
        """One run on a copy: the p95 of fresh messages to the others, in seconds."""
        async with AsyncExitStack() as stack:
            url = await self.made.copy(of, "run")
            stack.push_async_callback(self.made.drop, "run")
            server = await Server(url, self.clock).start()
            stack.push_async_callback(server.kill)
            self.well.calls.clear()
            flow = Flow(self.clock, server.port, RATE, own_numbers(ACCOUNTS)[1:])
            await flow.run(self.seconds)
            waits = await flow.waits([self.well], min(WARM, self.seconds / 2))
            if of == "dead":
                async with opened(url) as db:
                    self.attempts.append((await db.read(statement, "SELECT count(*) FROM attempts a WHERE a.outcome <> 'ok'"))[0][0])
            return percentile(waits, 0.95)


async def beside(
    engine: EngineName, report: Report, clock: Clock, fault: Fault = "refused", count: int = MESSAGES, seconds: float = SECONDS,
    pairs: int = PAIRS,
) -> None:  # fmt: skip
    """Interleaved runs with and without the messages to the dead target."""
    async with AsyncExitStack() as stack:
        made = stack.enter_context(databases(engine))
        well, failing = await Sink(clock).start(), await Sink(clock, fails=1.0).start()
        stack.push_async_callback(well.stop)
        stack.push_async_callback(failing.stop)
        dead = stack.enter_context(closed_port()) if fault == "refused" else failing.port
        runs = Beside(made, clock, well, count, seconds)
        await runs.fill("nothing", 0, dead)
        await runs.fill("dead", count, dead)
        found = await interleaved(pairs, lambda _: runs.once("nothing"), lambda _: runs.once("dead"))
    found.told(report, f"{engine}, {fault}: p95 of {RATE:g} fresh messages a second", f"{count} to a dead target", at_most=1.2)
    report.say(f"{engine}, {fault}: attempts at the dead target in each run of {seconds:g} s", runs.attempts)


# --- by a fixed clock ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Ended:
    """What became of all of them. `by_slot`: attempts by their number; `early`: those that began before their time; `delayed`: more than
    a minute after it; `unmarked`: those of them that do not say so.
    """

    states: Counter[str] = field(default_factory=Counter)
    by_slot: Counter[int] = field(default_factory=Counter)
    early: int = 0
    delayed: int = 0
    unmarked: int = 0
    owed: int = 0


async def by_fixed_clock(engine: EngineName, report: Report, clock: Clock, fault: Fault = "refused", count: int = MESSAGES) -> None:
    """Every attempt of every message, the clock set forward through the contract's times."""
    async with AsyncExitStack() as stack:
        made = stack.enter_context(databases(engine))
        failing = await Sink(clock, fails=1.0).start()
        stack.push_async_callback(failing.stop)
        dead = stack.enter_context(closed_port()) if fault == "refused" else failing.port
        url = await made.empty("ends")
        await prepare(url, made.place(), setup(failing.port, dead))
        fixed = FixedClock()
        db = open_database(url, fixed, fixed=True)
        stack.push_async_callback(db.close)
        target = await first_target(db)
        await make(db, Past(count, (target, target), fixed.now(), slot=0), fixed.now())
        await analyzed(engine, url)
        begun, due_at = clock.monotonic(), fixed.now()
        await _carry_out(db, fixed, clock, failing, stack)
        took = clock.monotonic() - begun
        ended = await judged(db, Schedule(), due_at)
    head = f"{engine}, {fault}, fixed clock"
    report.say(f"{head}: attempts a second", ended.by_slot.total() / took, "/s")
    report.say(f"{head}: attempts by number", dict(sorted(ended.by_slot.items())))
    report.hold(f"{head}: exhausted, of {count}", ended.states["exhausted"], at_least=count)
    report.hold(f"{head}: attempts that were not made", Schedule().attempts * count - ended.by_slot.total(), at_most=0)
    report.hold(f"{head}: attempts more than there should be", ended.by_slot.total() - Schedule().attempts * count, at_most=0)
    report.hold(f"{head}: attempts before their time", ended.early, at_most=0)
    report.say(f"{head}: attempts more than a minute after their time, delayed by protection", ended.delayed)
    report.hold(f"{head}: of these not marked so", ended.unmarked, at_most=0)
    report.say(f"{head}: until the last one ended", (fixed.now() - due_at) / MINUTE, "min")
    report.hold(f"{head}: still owed at the end", ended.owed, at_most=0)


async def _carry_out(db: Database, fixed: FixedClock, clock: Clock, failing: Sink, stack: AsyncExitStack) -> None:
    """Runs an engine until nothing is owed, or the schedule is over."""
    present = Present(db)
    await present.refresh()
    resolver = SystemResolver(fixed)
    stack.callback(resolver.close)
    sender = HttpSender(fixed, resolver, Guard())
    stack.push_async_callback(sender.close)
    health = TargetHealth(db, fixed, lambda kind, account, target, told, at: None)
    exchange = Exchange(db, fixed, sender, lambda reference: None)
    engine = Engine(
        db, fixed, exchange, lambda: present.directory, attempted=health.attempted, is_paused=health.is_paused, unmade=health.ended
    )
    engine.start()
    stack.push_async_callback(engine.stop)
    async with clock.deadline(WORKED_OFF_WITHIN):
        while (due := await _next_due(db)) is not None:
            fixed.advance(max(LEAP, (due - fixed.now()) / SECOND))
            await clock.sleep(TURN)
            while engine.in_hand != (0, 0, 0):
                failing.calls.clear()
                await clock.sleep(TURN)
                fixed.advance(TURN * FASTER)


async def _next_due(db: Database) -> int | None:
    """When the next delivery is due; None: nothing is owed."""
    ((due,),) = await db.read(statement, "SELECT min(due_at) FROM owed")
    return None if due is None else int(due)


async def judged(db: Database, schedule: Schedule, due_at: int) -> Ended:
    """Counts, attempt by attempt, by what is in the database. `due_at`: when all first attempts were due."""
    found = Ended()
    after = 0
    sql = "SELECT delivery_id, number, started_at, delayed FROM attempts WHERE delivery_id > ? AND delivery_id <= ? ORDER BY 1, 2"
    ((last,),) = await db.read(statement, "SELECT max(id) FROM deliveries")
    while after < last:
        for key, attempts in groupby(await db.read(statement, sql, after, after + WINDOW), itemgetter(0)):
            count_of(key, [(number, at, bool(delayed)) for _, number, at, delayed in attempts], schedule, due_at, found)
        after += WINDOW
    for state, count in await db.read(statement, "SELECT state, count(*) FROM deliveries GROUP BY state"):
        found.states[state] = count
    ((found.owed,),) = await db.read(statement, "SELECT count(*) FROM owed")
    return found


def count_of(key: int, attempts: Sequence[tuple[int, int, bool]], schedule: Schedule, due_at: int, found: Ended) -> None:
    """Adds the attempts of one delivery, in order: (number, start, whether it is marked as delayed)."""
    due: int | None = due_at
    for number, started_at, delayed in attempts:
        found.by_slot[number] += 1
        if due is not None:
            found.early += started_at < due
            late = started_at - due > LATE
            found.delayed += late
            found.unmarked += late and not delayed
        due = schedule.next_due(number, attempts[0][1], started_at, schedule.jitter(key))


async def first_target(db: Database) -> int:
    """The target of the first account's first number."""
    return int((await db.read(statement, "SELECT min(id) FROM targets WHERE account_id = 1"))[0][0])


async def run(clock: Clock, scale: float = 1.0) -> bool:
    """`scale`: share of the messages."""
    report = Report("dead-target", clock)
    count = round(MESSAGES * scale)
    for engine in ENGINES:
        for fault in OF_BOTH.values():
            await beside(engine, report, clock, fault, count)
    for engine, fault in OF_BOTH.items():
        await by_fixed_clock(engine, report, clock, fault, count)
    return report.save()
