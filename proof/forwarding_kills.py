"""`kill -9` of forwarding processes in the flow: 1,000 times on SQLite, 300 times on PostgreSQL where three of them share the work.

A network pushes without a pause, and sends again what it had no answer for. The client's URL fails a share of the calls, so that
repeats are always about. After every kill the database that is left must owe, or have delivered, all that was acknowledged; at
the end of a series (a database of its own) everything must be delivered, and whatever the client got again must have been in
flight at a kill: begun by the killed process, and its outcome not committed.

On PostgreSQL one of the three is killed at random, now and then two or all, and sometimes before the others have taken over from
the one before. A lease lasts 2 s there.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from odzew.clock import Clock
from proof import words
from proof.http import Connection
from proof.kills_client import FAULTS, Client
from proof.kills_judge import Cycle, Left, Outcome, judge, left, stored
from proof.kills_lives import SECRET, SECRET_KEY, Life, secret_of
from proof.network import Network
from proof.owed import copied
from proof.owed import owed as still_owed
from proof.report import Report, percentile
from proof.stand import ENGINES, EngineName, database, directory, opened, prepare

KILLS: Final[dict[EngineName, int]] = {"sqlite": 1000, "postgres": 300}
SERIES: Final[dict[EngineName, int]] = {"sqlite": 50, "postgres": 25}
PROCESSES: Final[dict[EngineName, int]] = {"sqlite": 1, "postgres": 3}
CONNECTIONS: Final = 2  # of the network to each process
UNHURRIED: Final = 0.25  # seconds of rest after each push while a process starts, or the others would keep the processors from it
UNFINISHED: Final = Path(tempfile.gettempdir(), "odzew-proof-forwarding-kills.json")
TARGETS: Final = 8
FLOW: Final = (0.05, 0.8)  # seconds from when every target is called to the kill
IN_A_HURRY: Final = 0.2  # share of the kills, PostgreSQL, that do not wait until every target is called
SEVERAL: Final = (0.8, 0.1, 0.1)  # PostgreSQL: how often one, two, all are killed
TAKEN_OVER_WITHIN: Final = 20.0
SETTLES_WITHIN: Final = 240.0
RETRY: Final = (0.003, 0.006, 0.01) + (0.02,) * 12  # minutes after the attempt before


@dataclass
class Paced(Network):
    """A network that rests so many seconds after each push."""

    rest: float = 0.0

    async def _one(self, connection: Connection, items: list[dict[str, Any]]) -> bool:
        answered = await super()._one(connection, items)
        await self.clock.sleep(self.rest)
        return answered


class Series:
    """A database, a network, a client's URL, and one process after another."""

    def __init__(self, url: str, engine: EngineName, place: Path, clock: Clock, seed: int = 1) -> None:
        self.url = url
        self.engine = engine
        self.place = place
        self.clock = clock
        self.network = Paced(clock, TARGETS)
        self.client = Client(clock, seed)
        self.outcome = Outcome()
        self._chance = random.Random(seed)
        self._lives: list[Life] = []
        self._gone: set[int] = set()
        self._killed_at: float | None = None

    async def prepare(self) -> None:
        await self.client.start()
        text = words.setup_text(1, self.client.url, TARGETS, RETRY).replace("retry_basis", f"{SECRET_KEY}\nretry_basis")
        await prepare(self.url, self.place, text, {SECRET: secret_of(bytes(32))})

    async def kill_once(self) -> None:
        """Those that are missing start, all are in the flow, and one or several are killed."""
        begun = self.clock.monotonic() if self._killed_at is None else self._killed_at
        await self._start_missing()
        patient = self.engine == "sqlite" or not self.outcome.cycles or self._chance.random() >= IN_A_HURRY
        if patient:
            if not await self.client.all_called(range(TARGETS), TAKEN_OVER_WITHIN):
                raise AssertionError(f"not every target was called within {TAKEN_OVER_WITHIN} s of a kill")
            if self.outcome.cycles:
                self.outcome.cycles[-1].until_called = self.clock.monotonic() - begun
        await self.clock.sleep(self._chance.uniform(*FLOW))
        living = [life for life in self._lives if life.killed is None]
        count = self._chance.choices((1, 2, len(living)), SEVERAL)[0] if len(living) > 1 else 1
        doomed = self._chance.sample(living, count)
        self.outcome.cycles.append(Cycle(len(doomed)))
        await asyncio.gather(*(life.kill(len(self.outcome.cycles) - 1) for life in doomed))
        self._killed_at = self.clock.monotonic()
        acknowledged = set(self.network.acknowledged.values())
        found = await self._left(doomed)
        for life in doomed:
            life.left = found.owed
        self._gone |= acknowledged - found.kept

    async def settle(self) -> Outcome:
        """Nobody is killed any more: everything is pushed again and forwarded; then it is counted."""
        await self._start_missing(flow=False)
        living = [life for life in self._lives if life.killed is None]
        async with self.clock.deadline(SETTLES_WITHIN):
            while self.network.again:
                await self.network.push_rest(living[0].server.port)
            while await still_owed(self.url):
                await self.clock.sleep(0.2)
        for life in living:
            await life.server.stop()
        await self.client.stop()
        async with opened(self.url) as db:
            found = await db.read(stored)
        self.outcome.gone = len(self._gone)
        return judge(self.outcome, found, self.network, self.client.calls, self._lives, RETRY)

    async def close(self) -> None:
        """Whatever still runs is ended."""
        for life in self._lives:
            await life.server.kill()
        await self.client.stop()

    async def _start_missing(self, flow: bool = True) -> None:
        """As many processes as there should be, the network pushing to each of them, or to none any more."""
        missing = PROCESSES[self.engine] - sum(1 for life in self._lives if life.killed is None)
        new = [Life(self.url, self.engine, self.clock, len(self._lives) + n, self._chance) for n in range(missing)]
        self._lives += new
        self.network.rest = UNHURRIED
        await asyncio.gather(*(life.server.start() for life in new))
        self.network.rest = 0.0
        for life in self._lives:
            if life.killed is None:
                await life.flow_on(self.network, CONNECTIONS) if flow else await life.flow_off()

    async def _left(self, doomed: list[Life]) -> Left:
        url = copied(self.url, self.place) if self.engine == "sqlite" else self.url
        async with opened(url) as db:
            if self.engine == "postgres":
                for life in doomed:
                    await life.forget(db)
            return await db.read(left)  # type: ignore[no-any-return]  # a unit's value has any type


def _done() -> dict[EngineName, list[Outcome]]:
    """What an earlier run has left."""
    return msgspec.json.decode(UNFINISHED.read_bytes(), type=dict[EngineName, list[Outcome]]) if UNFINISHED.exists() else {}


async def one_series(engine: EngineName, clock: Clock, kills: int, seed: int) -> Outcome:
    """So many kills on a fresh database."""
    with directory() as place, database(engine, place) as url:
        series = Series(url, engine, place, clock, seed)
        await series.prepare()
        try:
            for _ in range(kills):
                await series.kill_once()
            return await series.settle()
        finally:
            await series.close()


def tell(report: Report, engine: EngineName, found: Outcome, kills: int) -> None:
    """The rows of one engine."""
    cycles = found.cycles
    each = [[cycle.killed, cycle.in_flight, cycle.open, cycle.again] for cycle in cycles]
    report.hold(f"{engine}: kills", len(cycles), at_least=kills, each=each)
    if PROCESSES[engine] > 1:
        report.say(f"{engine}: of these of two or of all {PROCESSES[engine]} processes", sum(1 for cycle in cycles if cycle.killed > 1))
    report.say(f"{engine}: messages acknowledged", found.acknowledged)
    report.hold(f"{engine}: acknowledged, and after a kill neither owed nor delivered", found.gone, at_most=0)
    report.hold(f"{engine}: acknowledged and missing at the end", found.missing, at_most=0)
    report.hold(f"{engine}: stored and never received by the client", found.not_delivered, at_most=0)
    report.hold(f"{engine}: deliveries exhausted or cancelled", found.exhausted, at_most=0)
    report.hold(f"{engine}: stored twice (only those that came again and had no id)", found.stored_twice, at_most=found.may_be_twice)
    report.say(f"{engine}: calls of the client's URL", found.calls)
    for fault, share in FAULTS:
        report.say(f"{engine}: calls that met: {fault} ({share:.1%} of all)", found.faults.get(fault, 0))
    report.hold(f"{engine}: repeats that began before they were due", found.early, at_most=0)
    report.hold(f"{engine}: calls that none of the processes signed", found.unsigned, at_most=0)
    report.hold(f"{engine}: messages whose webhook-id changed", found.other_ids, at_most=0)
    report.hold(f"{engine}: messages that the client got again", found.again, at_most=found.in_flight)
    report.hold(f"{engine}: of these not in flight at a kill", found.unexplained, at_most=0)
    report.hold(f"{engine}: kills after which more came again than was in flight", sum(c.again > c.in_flight for c in cycles), at_most=0)
    report.say(f"{engine}: answered OK, but too late for the server", found.too_late)
    report.say(f"{engine}: in flight at a kill, median", percentile([float(cycle.in_flight) for cycle in cycles], 0.5))
    report.say(f"{engine}: in flight at a kill, most", max(cycle.in_flight for cycle in cycles))
    report.say(f"{engine}: of these not answered yet, most", max(cycle.open for cycle in cycles))
    until = [cycle.until_called for cycle in cycles if cycle.until_called]
    report.say(f"{engine}: from a kill until every target is called again, median", percentile(until, 0.5), "s")
    report.hold(f"{engine}: from a kill until every target is called again, most", max(until), "s", at_most=TAKEN_OVER_WITHIN)


async def run(clock: Clock, cycles: int | None = None, seconds: float | None = None) -> bool:
    """A run that was broken off goes on with the series that it lacks. `cycles`: fewer kills on each engine; `seconds`: no series
    begins after them, and the next run goes on."""
    begun, report, done = clock.monotonic(), Report("forwarding-kills", clock), _done()
    for engine in ENGINES:
        kills = min(cycles or KILLS[engine], KILLS[engine])
        outcomes = done.setdefault(engine, [])
        while (lacking := kills - sum(len(one.cycles) for one in outcomes)) > 0 and clock.monotonic() - begun < (seconds or float("inf")):
            outcomes.append(await one_series(engine, clock, min(SERIES[engine], lacking), len(outcomes) + 1))
            UNFINISHED.write_bytes(msgspec.json.encode(done))
            one = outcomes[-1]
            print(f"      {engine}: {kills - lacking + len(one.cycles)} of {kills}, {one.acknowledged} acknowledged", flush=True)
        if outcomes:
            tell(report, engine, sum(outcomes, Outcome()), kills)
    if report.held:
        UNFINISHED.unlink(missing_ok=True)
    return report.save()
