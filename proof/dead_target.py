"""100,000 messages to one dead target: what others notice of it, and how all of them end.

First beside others: a server starts with the 100,000 due at once, and fresh messages flow to 99 targets that are well; runs in turn
with a server that has none of them. Then by a clock that is set forward: an engine in this process makes every attempt over real
sockets, and each must be made at the contract's times (contract 5.5: after 5, 10, 15 and 60 minutes), none early, and all end exhausted.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from odzew.clock import SECOND, Clock, FixedClock
from odzew.forward.engine import Engine
from odzew.forward.exchange import Exchange
from odzew.forward.guard import Guard
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
STEP: Final = 2.5  # seconds by which the fixed clock goes through the time in which repeats are scattered
WORKED_OFF_WITHIN: Final = 1800.0  # seconds, what falls due in one step
LOOKS: Final = 0.2
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
    """What became of all of them. `by_slot`: attempts by their number; `early`, `late`: those that began before their time, or more than
    a step of the clock after it.
    """

    states: Counter[str] = field(default_factory=Counter)
    by_slot: Counter[int] = field(default_factory=Counter)
    early: int = 0
    late: int = 0
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
        begun = clock.monotonic()
        await _carry_out(db, fixed, clock, failing, stack)
        took = clock.monotonic() - begun
        ended = await judged(db, Schedule(), round(STEP * SECOND))
    head = f"{engine}, {fault}, fixed clock"
    report.say(f"{head}: attempts a second", ended.by_slot.total() / took, "/s")
    report.say(f"{head}: attempts by number", dict(sorted(ended.by_slot.items())))
    report.hold(f"{head}: exhausted, of {count}", ended.states["exhausted"], at_least=count)
    report.hold(f"{head}: attempts that were not made", Schedule().attempts * count - ended.by_slot.total(), at_most=0)
    report.hold(f"{head}: attempts more than there should be", ended.by_slot.total() - Schedule().attempts * count, at_most=0)
    report.hold(f"{head}: attempts before their time", ended.early, at_most=0)
    report.hold(f"{head}: attempts later than a step of the clock ({STEP:g} s)", ended.late, at_most=0)
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
    for seconds in steps(Schedule()):
        fixed.advance(seconds)
        async with clock.deadline(WORKED_OFF_WITHIN):
            while True:
                await clock.sleep(LOOKS)
                failing.calls.clear()
                overdue = await db.read(statement, "SELECT 1 FROM owed WHERE due_at <= ? LIMIT 1", fixed.now())
                if not overdue and engine.in_hand == (0, 0, 0):
                    break


def steps(schedule: Schedule) -> Iterator[float]:
    """By how many seconds the clock is set forward, time after time: nothing; then each slot, and through the scatter behind it."""
    yield 0.0
    now = 0.0
    scatter = schedule.most_jitter / SECOND
    for offset in schedule.offsets()[1:]:
        yield offset - now
        now = offset
        while now < offset + scatter:
            yield STEP
            now += STEP


async def judged(db: Database, schedule: Schedule, step: int) -> Ended:
    """Counts, attempt by attempt, by what is in the database. `step`: how late one may begin, in microseconds."""
    found = Ended()
    after = 0
    sql = """SELECT d.id, a.number, a.started_at, d.first_at FROM deliveries d JOIN attempts a ON a.delivery_id = d.id
             WHERE d.id > ? AND d.id <= ? ORDER BY d.id, a.number"""
    (last,) = (await db.read(statement, "SELECT max(id) FROM deliveries"))[0]
    while after < last:
        count_of(await db.read(statement, sql, after, after + 10_000), schedule, step, found)
        after += 10_000
    for state, count in await db.read(statement, "SELECT state, count(*) FROM deliveries GROUP BY state"):
        found.states[state] = count
    ((found.owed,),) = await db.read(statement, "SELECT count(*) FROM owed")
    return found


def count_of(rows: list[Any], schedule: Schedule, step: int, found: Ended) -> None:
    """Adds attempts: (delivery, number of the attempt, its start, start of the first one), in order."""
    for key, number, started_at, first_at in rows:
        found.by_slot[number] += 1
        slot = schedule.slots[number - 1] if number <= schedule.attempts else 0
        due = first_at + slot + (schedule.jitter(key) if number > 1 else 0)
        found.early += started_at < due
        found.late += started_at > due + step


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
