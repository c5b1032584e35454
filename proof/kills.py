"""`kill -9` of the server, a hundred times, while a network pushes and a client's URL is called: what was lost, what came twice.

In flight at a kill are the calls that had begun and whose outcome was not committed: counted from what is still owed in the
database that the dead server left, against what the client's URL saw. `open` of them were not answered yet.
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

import msgspec

from odzew.clock import Clock
from proof import words
from proof.http import Connection, poll
from proof.network import Network
from proof.owed import left_owed
from proof.owed import owed as still_owed
from proof.report import Report, percentile
from proof.server import Server
from proof.sink import Called, Sink
from proof.stand import ENGINES, EngineName, database, directory, prepare

KILLS: Final = 100
ROUNDS: Final = 4  # each on a database of its own; a run that was broken off goes on with those that it lacks
UNFINISHED: Final = Path(tempfile.gettempdir(), "odzew-proof-kills.json")
TARGETS: Final = 4
LONGEST_LIFE: Final = 0.7  # seconds under load
TAKEN_OVER_WITHIN: Final = 25.0  # PostgreSQL: the dead process's lease runs out first
SETTLES_WITHIN: Final = 240.0
RETRY: Final = (0.02,) * 10  # minutes after the attempt before
_stored = re.compile(rb'"id":([0-9]+),"type":"ndi"[^}]*?"text":"serial ([0-9]+) of').findall


@dataclass(slots=True)
class Kill:
    """One kill: calls in flight, those of them that were open, the age of the oldest answered one.

    `until_first_call`: seconds from the kill before (else from the start) until the client's URL was called again.
    """

    in_flight: int
    open: int
    oldest: float
    until_first_call: float


@dataclass
class Outcome:
    """What was found after the last restart."""

    kills: list[Kill] = field(default_factory=list)
    acknowledged: int = 0
    missing: int = 0
    stored: int = 0
    stored_twice: int = 0
    may_be_twice: int = 0
    not_forwarded: int = 0
    calls: int = 0
    duplicates: int = 0

    @property
    def in_flight(self) -> int:
        return sum(kill.in_flight for kill in self.kills)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


class Run:
    """A database, a network, a client's URL, and one server after another."""

    def __init__(self, url: str, engine: EngineName, place: Path, clock: Clock, seed: int = 3) -> None:
        self.url = url
        self.engine = engine
        self.place = place
        self.clock = clock
        self.network = Network(clock, TARGETS)
        self.called = asyncio.Event()
        self.sink = Sink(clock, delay=0.004, fails=0.05, told=self._told)
        self.outcome = Outcome()
        self._chance = random.Random(seed)
        self._killed: float | None = None

    async def prepare(self) -> None:
        await self.sink.start()
        setup = words.setup_text(1, self.sink.url, TARGETS, RETRY)
        await prepare(self.url, self.place, setup)

    async def kill_once(self) -> None:
        """One life of a server: it starts, forwards, is under load for a random time, and is killed."""
        begun = self.clock.monotonic() if self._killed is None else self._killed
        server = await Server(self.url, self.clock).start()
        first = len(self.sink.calls)
        self.called.clear()
        await self.network.push_one(server.port)
        if not await self.clock.wait(self.called, TAKEN_OVER_WITHIN):
            raise AssertionError(f"nothing was forwarded within {TAKEN_OVER_WITHIN} s of a restart")
        until_first = self.clock.monotonic() - begun
        load = asyncio.create_task(self.network.push_until(server.port, asyncio.Event()))
        await self.clock.sleep(self._chance.random() * LONGEST_LIFE)
        await server.kill()
        killed = self._killed = self.clock.monotonic()
        await load
        owed = await left_owed(self.url, self.engine, self.place, self.clock)
        lost = [called for called in self.sink.calls[first:] if called.message_id in owed and not called.failed]
        answered = [killed - called.answered for called in lost if called.answered is not None]
        self.outcome.kills.append(Kill(len(lost), len(lost) - len(answered), max(answered, default=0.0), until_first))

    async def settle(self) -> Outcome:
        """The last server: everything is pushed again, forwarded and pulled; then it is counted."""
        server = await Server(self.url, self.clock).start()
        async with self.clock.deadline(SETTLES_WITHIN):
            while self.network.again:
                await self.network.push_rest(server.port)
            while await still_owed(self.url):
                await self.clock.sleep(0.2)
        serials = await _pull(server.port)
        await server.stop()
        await self.sink.stop()
        return self._judge(serials)

    def _judge(self, serials: dict[int, int]) -> Outcome:
        """`serials`: id of each stored message -> its serial number."""
        outcome, network = self.outcome, self.network
        outcome.acknowledged = len(network.acknowledged)
        outcome.stored = len(serials)
        outcome.missing = sum(1 for serial, key in network.acknowledged.items() if serials.get(key) != serial)
        outcome.stored_twice = len(serials) - len(set(serials.values()))
        outcome.may_be_twice = network.repeated_without_id
        times = Counter(called.message_id for called in self.sink.calls if not called.failed)
        outcome.not_forwarded = sum(1 for key in serials if not times[key])
        outcome.calls = len(self.sink.calls)
        outcome.duplicates = sum(n - 1 for n in times.values())
        return outcome

    def _told(self, _called: Called) -> None:
        self.called.set()


async def _pull(port: int) -> dict[int, int]:
    async with Connection(port) as connection:
        body = b"".join([piece async for piece in connection.stream(poll())])
    return {int(key): int(serial) for key, serial in _stored(body)}


def _rounds_done() -> dict[str, list[Outcome]]:
    """What an earlier run that was broken off has left."""
    return msgspec.json.decode(UNFINISHED.read_bytes(), type=dict[str, list[Outcome]]) if UNFINISHED.exists() else {}


async def one_round(engine: EngineName, clock: Clock, kills: int, seed: int) -> Outcome:
    """So many kills on a fresh database."""
    with directory() as place, database(engine, place) as url:
        trial = Run(url, engine, place, clock, seed)
        await trial.prepare()
        for _ in range(kills):
            await trial.kill_once()
        return await trial.settle()


async def on_engine(engine: EngineName, report: Report, clock: Clock) -> None:
    """All rounds that are not done yet; the sum of all."""
    done = _rounds_done()
    rounds = done.setdefault(engine, [])
    while len(rounds) < ROUNDS:
        rounds.append(await one_round(engine, clock, KILLS // ROUNDS, len(rounds)))
        UNFINISHED.write_bytes(msgspec.json.encode(done))
        print(f"      {engine}: round {len(rounds)} of {ROUNDS}, {rounds[-1].acknowledged} acknowledged", flush=True)
    found = sum(rounds, Outcome())
    report.say(f"{engine}: kills", len(found.kills), each=[[kill.in_flight, kill.open, round(kill.oldest, 4)] for kill in found.kills])
    report.say(f"{engine}: messages acknowledged", found.acknowledged)
    report.hold(f"{engine}: acknowledged and missing", found.missing, at_most=0)
    report.hold(f"{engine}: stored twice (only those that came again and had no id)", found.stored_twice, at_most=found.may_be_twice)
    report.hold(f"{engine}: stored and never forwarded", found.not_forwarded, at_most=0)
    report.say(f"{engine}: calls of the client's URL", found.calls)
    report.hold(f"{engine}: messages that the client got again", found.duplicates, at_most=found.in_flight)
    report.say(f"{engine}: in flight at a kill, median", percentile([float(kill.in_flight) for kill in found.kills], 0.5))
    report.say(f"{engine}: in flight at a kill, most", max(kill.in_flight for kill in found.kills))
    report.say(f"{engine}: of these not answered yet, most", max(kill.open for kill in found.kills))
    report.say(f"{engine}: longest between an answer that was lost and the kill", max(kill.oldest for kill in found.kills) * 1000, "ms")
    first = [kill.until_first_call for kill in found.kills]
    report.say(f"{engine}: from a kill to the next call, median", percentile(first, 0.5), "s")
    report.hold(f"{engine}: from a kill to the next call, most", max(first), "s", at_most=20)


async def run(clock: Clock) -> bool:
    report = Report("kills", clock)
    for engine in ENGINES:
        await on_engine(engine, report, clock)
    UNFINISHED.unlink()
    return report.save()
