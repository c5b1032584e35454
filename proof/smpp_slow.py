"""The store is blocked for 30 s while an SMSC sends 500 messages a second: they are refused for now, sent again, and nothing is lost.

SQLite: another connection holds the write lock. PostgreSQL: another connection locks the table of arrivals.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.wire.status import Status
from proof import smpp_words
from proof.report import Report
from proof.server import Server
from proof.smpp_network import Judged, Network, judge, stored
from proof.stand import ENGINES, EngineName, database, directory, opened, prepare

RATE: Final = 500.0  # messages a second
BEFORE: Final = 5.0  # seconds of load before the store is blocked
BLOCKED: Final = 30.0
AFTER: Final = 10.0
MOST_OUT: Final = 100_000
PAUSE: Final = 1.0  # seconds before the SMSC sends again what was refused
WITHIN: Final = 180.0
PEAK: Final = 200.0  # MiB
MIB: Final = 1 << 20


@asynccontextmanager
async def blocked(url: str, engine: EngineName) -> AsyncIterator[None]:
    """Within the block nothing can be stored."""
    if engine == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20.0)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
        return
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE arrivals IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@dataclass(slots=True)
class Outcome:
    """`answers`: how often each status was given. Memory in MiB, the rest in seconds."""

    judged: Judged
    answers: Counter[int] = field(default_factory=Counter)
    most_out: int = 0
    sessions: int = 0
    peak_before: float = 0.0
    peak: float = 0.0
    until_first: float = 0.0
    until_all: float = 0.0


async def load(
    url: str, engine: EngineName, smsc: Smsc, server: Server, clock: Clock, rate: float, seconds: tuple[float, float, float]
) -> Outcome:
    """Sends at a rate before, while and after the store is blocked (so many seconds each), and waits until everything is in."""
    network = Network(clock, 1, smsc)
    outcome = Outcome(Judged())
    before, held, after = seconds
    async with clock.deadline(WITHIN):
        await smsc.bound()
        smsc.post(*(network.message("gsm7") for _ in range(int(rate * (before + held + after)))))
        await clock.sleep(before)
        outcome.peak_before = server.peak_rss() / MIB
        async with blocked(url, engine):
            await clock.sleep(held)
            outcome.most_out = smsc.out
            taken = smsc.ledger.totals().taken
        let_go = clock.monotonic()
        waiting = len(smsc.ledger) - smsc.ledger.settled - round(rate * after)  # of what was due by now
        settled = smsc.ledger.settled
        while smsc.ledger.totals().taken == taken:
            await clock.sleep(0.05)
        outcome.until_first = clock.monotonic() - let_go
        while smsc.ledger.settled - settled < waiting:
            await clock.sleep(0.05)
        outcome.until_all = clock.monotonic() - let_go
        await smsc.settled()
    outcome.peak = server.peak_rss() / MIB
    outcome.answers = smsc.ledger.totals().answers
    outcome.sessions = len(smsc.binds)
    async with opened(url) as db:
        outcome.judged = judge(network, await db.read(stored))
    return outcome


async def on_engine(
    engine: EngineName, clock: Clock, rate: float = RATE, seconds: tuple[float, float, float] = (BEFORE, BLOCKED, AFTER)
) -> Outcome:
    """The whole of it on a fresh database."""
    with directory() as place, database(engine, place) as url:
        smsc = await Smsc(clock, system_id=smpp_words.SYSTEM_ID, window=MOST_OUT, rate=rate, pause=PAUSE).start()
        try:
            await prepare(url, place, smpp_words.setup_text(smsc.port))
            server = await Server(url, clock).start()
            outcome = await load(url, engine, smsc, server, clock, rate, seconds)
            await server.stop()
            return outcome
        finally:
            await smsc.stop()


def tell(report: Report, engine: EngineName, found: Outcome) -> None:
    """The rows of one engine."""
    judged = found.judged
    report.say(f"{engine}: messages sent at {RATE:g}/s, store blocked for {BLOCKED:g} s", judged.messages)
    for status, count in sorted(found.answers.items()):
        report.say(f"{engine}: answers {Status(status).name}", count)
    refused = sum(count for status, count in found.answers.items() if status)
    report.hold(f"{engine}: refused for now", refused, at_least=1)
    report.hold(f"{engine}: never taken", judged.not_taken, at_most=0)
    report.hold(f"{engine}: acknowledged and missing", judged.missing, at_most=0)
    report.hold(f"{engine}: stored twice", judged.twice + judged.stored_again, at_most=0)
    report.hold(f"{engine}: sessions (the first one outlives it)", found.sessions, at_most=1)
    report.say(f"{engine}: PDUs without an answer when it was let go", found.most_out)
    report.say(f"{engine}: from then to the first that is taken", found.until_first, "s")
    report.say(f"{engine}: until all that was due by then is taken", found.until_all, "s")
    report.say(f"{engine}: peak memory of the server before it", found.peak_before, "MiB")
    report.hold(f"{engine}: peak memory of the server", found.peak, "MiB", at_most=PEAK)


async def run(clock: Clock) -> bool:
    report = Report("carrier-slow", clock)
    for engine in ENGINES:
        tell(report, engine, await on_engine(engine, clock))
    return report.save()
