"""SMPP and lost sessions: `kill -9` of the server in the flow and while the client's URL is down, and connections that are cut.

The SMSC keeps 50 PDUs out (closed loop), short and long messages mixed, and sends again what had no answer. What comes again and was
stored before must be told as a suspected copy; equal messages that are sent on purpose, in a session that is not lost, must all be
messages. In flight at a kill are calls of the client's URL as in the proof `kills`.

Where a source has two binds and one is cut, the SMSC sends again at once over the other one, which may be sooner than the loss is
stored. What is not told as a copy then is counted, without a bound.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import asyncpg
import msgspec

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from proof import smpp_words
from proof.owed import left_owed, owed
from proof.report import Report, percentile
from proof.server import Server
from proof.sink import Sink
from proof.smpp_network import AT_ONCE, WINDOW, Judged, Network, called_for, judge, stored
from proof.stand import EngineName, database, directory, opened, prepare

How = Literal["in the flow", "client down", "cut", "one of two cut"]
CYCLES: Final[dict[EngineName, int]] = {"sqlite": 20, "postgres": 5}
CUTS: Final = 20
UNFINISHED: Final = Path(tempfile.gettempdir(), "odzew-proof-carrier-kills.json")
TARGETS: Final = 4
LONGEST_FLOW: Final = 0.7  # seconds
DEAD: Final = 1.0  # seconds from a kill to the next server
CALM: Final = 10.5  # seconds between two cuts: a bind that lived for 10 s is made again without a growing wait
BOUND_WITHIN: Final = 30.0
SETTLES_WITHIN: Final = 300.0
PATIENT: Final = (0.2,) * 20  # minutes: a URL that is down for all of a run is still called at its end
HURRIED: Final = (0.05,) * 20


@dataclass(slots=True)
class Cycle:
    """One kill or cut: PDUs out at it, calls in flight, calls that were open, seconds until the next bind."""

    out: int
    in_flight: int = 0
    open: int = 0
    until_bound: float = 0.0


@dataclass
class Outcome:
    """What was found at the end."""

    cycles: list[Cycle] = field(default_factory=list)
    judged: Judged = field(default_factory=Judged)
    calls: int = 0
    not_delivered: int = 0
    delivered_again: int = 0

    @property
    def in_flight(self) -> int:
        return sum(cycle.in_flight for cycle in self.cycles)


class Run:
    """An SMSC, a client's URL, a database, and one server after another."""

    def __init__(self, url: str, engine: EngineName, place: Path, clock: Clock, how: How, hurried: bool = False) -> None:
        self._url = url
        self._engine = engine
        self._place = place
        self._clock = clock
        self._how = how
        self._hurried = hurried  # for a few cycles; and a dead process's leases are ended by hand, which fifteen seconds would do too
        self.smsc = Smsc(clock, system_id=smpp_words.SYSTEM_ID, window=WINDOW)
        self.network = Network(clock, TARGETS, self.smsc)
        self._called = asyncio.Event()
        self.sink = Sink(clock, delay=0.004, fails=0.05, told=lambda called: self._called.set())
        self.outcome = Outcome()
        self._chance = random.Random(5)
        self._lost_at: float | None = None
        self._binds = 2 if how == "one of two cut" else 1

    async def prepare(self) -> None:
        await self.smsc.start()
        await self.sink.start()
        patient = HURRIED if self._hurried else PATIENT
        retry = patient if self._how == "client down" else smpp_words.RETRY
        await prepare(self._url, self._place, smpp_words.setup_text(self.smsc.port, self.sink.url, TARGETS, retry, self._binds))
        if self._how == "client down":
            await self.sink.stop()

    async def kill_once(self) -> None:
        """One life of a server: it binds, takes equal messages, is in the flow for a random time, and is killed."""
        server = await self._start()
        first = len(self.sink.calls)
        await self.network.repeat()
        if self._how != "client down":
            await self._is_called()
        async with self._flow():
            await self._clock.sleep(0.1 + self._chance.random() * LONGEST_FLOW)
            cycle = Cycle(self.smsc.out)
            await server.kill()
        killed = self._lost_at = self._clock.monotonic()
        if self._hurried and self._engine == "postgres":
            await _end_leases(self._url)
        await self._clock.sleep(DEAD)
        left = await left_owed(self._url, self._engine, self._place, self._clock)
        lost = [called for called in self.sink.calls[first:] if called.message_id in left and not called.failed]
        cycle.in_flight, cycle.open = len(lost), sum(1 for called in lost if called.answered is None or called.answered > killed)
        self.outcome.cycles.append(cycle)

    async def cut(self, cuts: int, calm: float) -> None:
        """One server, whose connection is cut so many times in the flow."""
        server = await self._start()
        for _ in range(cuts):
            await self.network.repeat()
            await self._clock.sleep(calm)
            async with self._flow():
                await self._clock.sleep(0.1 + self._chance.random() * LONGEST_FLOW)
                self.outcome.cycles.append(Cycle(self.smsc.out))
                self._lost_at = self._clock.monotonic()
                await self._cut_now()
                await self._bound()
        await self._settle()
        assert await server.stop() == 0

    async def _cut_now(self) -> None:
        lost = self.smsc.sessions[0]
        lost.abort("cut")
        await self.smsc.until(lambda: lost not in self.smsc.sessions)

    async def last(self) -> None:
        """The last server, after all the kills."""
        server = await self._start()
        if self._how == "client down":
            await self.sink.start()
        await self._settle()
        assert await server.stop() == 0

    async def close(self) -> None:
        await self.smsc.stop()
        await self.sink.stop()

    async def find(self) -> Outcome:
        """After the last server: what is there."""
        async with opened(self._url) as db:
            self.outcome.judged = judge(self.network, await db.read(stored))
        told = called_for(self.sink.calls)
        self.outcome.calls = len(self.sink.calls)
        self.outcome.not_delivered = (self.network.wanted - told).total()
        self.outcome.delivered_again = (told - self.network.wanted).total()
        return self.outcome

    async def _start(self) -> Server:
        server = await Server(self._url, self._clock).start()
        await self._bound()
        return server

    async def _bound(self) -> None:
        async with self._clock.deadline(BOUND_WITHIN):
            await self.smsc.bound(self._binds)
        if self._lost_at is not None:
            self.outcome.cycles[-1].until_bound = self._clock.monotonic() - self._lost_at

    async def _is_called(self) -> None:
        self._called.clear()
        self.network.post(1)
        if not await self._clock.wait(self._called, BOUND_WITHIN):
            raise AssertionError(f"nothing was forwarded within {BOUND_WITHIN} s")

    @asynccontextmanager
    async def _flow(self) -> AsyncIterator[None]:
        flow = asyncio.create_task(self.network.flow())
        try:
            yield
        finally:
            flow.cancel()
            await asyncio.gather(flow, return_exceptions=True)

    async def _settle(self) -> None:
        """In a session that ends in order: equal messages, what is left, and until nothing is owed."""
        async with self._clock.deadline(SETTLES_WITHIN):
            await self.network.repeat()
            self.network.post(AT_ONCE)
            await self.smsc.settled()
            while await owed(self._url):
                await self._clock.sleep(0.2)


async def _end_leases(url: str) -> None:
    operator = await asyncpg.connect(url)
    await operator.execute("UPDATE leases SET expires_at = 0")
    await operator.close()


async def one_round(engine: EngineName, how: How, clock: Clock, cycles: int, calm: float = CALM) -> Outcome:
    """So many kills, or cuts, on a fresh database."""
    with directory() as place, database(engine, place) as url:
        trial = Run(url, engine, place, clock, how)
        await trial.prepare()
        try:
            if how.endswith("cut"):
                await trial.cut(cycles, calm)
            else:
                for _ in range(cycles):
                    await trial.kill_once()
                await trial.last()
            return await trial.find()
        finally:
            await trial.close()


def tell(report: Report, name: str, how: How, found: Outcome) -> None:
    """The rows of one round."""
    judged = found.judged
    each = [[cycle.out, cycle.in_flight, cycle.open] for cycle in found.cycles]
    report.say(f"{name}: {'cuts' if how.endswith('cut') else 'kills'}", len(found.cycles), each=each)
    report.say(f"{name}: messages acknowledged (of several parts)", f"{judged.messages} ({judged.long})")
    report.hold(f"{name}: PDUs never taken, of {judged.pdus}", judged.not_taken, at_most=0)
    report.hold(f"{name}: acknowledged and missing", judged.missing, at_most=0)
    report.hold(f"{name}: acknowledged and not delivered", found.not_delivered, at_most=0)
    report.hold(f"{name}: messages that were never sent like this", judged.other, at_most=0)
    report.say(f"{name}: PDUs sent again", judged.sent_again)
    report.say(f"{name}: of these stored before", judged.stored_again)
    report.say(f"{name}: of these shown as suspected copies", judged.copies)
    again: dict[str, tuple[int, int]] = {
        "of these not recognised": (judged.unrecognised, 0),
        "stored as a message twice": (judged.twice, 0),
        "messages that the client got again": (found.delivered_again, found.in_flight),
    }
    for what, (count, most) in again.items():
        if how == "one of two cut":
            report.say(f"{name}: {what}", count)
        else:
            report.hold(f"{name}: {what}", count, at_most=most)
    missing = judged.on_purpose - judged.on_purpose_kept
    report.hold(f"{name}: equal messages sent on purpose and not kept, of {judged.on_purpose}", missing, at_most=0)
    report.say(f"{name}: calls of the client's URL", found.calls)
    report.say(f"{name}: calls in flight, all", found.in_flight)
    until = [cycle.until_bound for cycle in found.cycles]
    report.say(f"{name}: until the next bind, median", percentile(until, 0.5), "s")
    report.hold(f"{name}: until the next bind, most", max(until), "s", at_most=20)


def _rounds() -> list[tuple[EngineName, How, int]]:
    rounds: list[tuple[EngineName, How, int]] = []
    for engine, cycles in CYCLES.items():
        rounds += [
            (engine, "in the flow", cycles),
            (engine, "client down", cycles),
            (engine, "cut", CUTS),
            (engine, "one of two cut", CUTS),
        ]
    return rounds


async def run(clock: Clock) -> bool:
    """Every round; a run that was broken off goes on with those that it lacks."""
    report = Report("carrier-kills", clock)
    done = msgspec.json.decode(UNFINISHED.read_bytes(), type=dict[str, Outcome]) if UNFINISHED.exists() else {}
    for engine, how, cycles in _rounds():
        name = f"{engine}, {how}"
        if name not in done:
            done[name] = await one_round(engine, how, clock, cycles)
            UNFINISHED.write_bytes(msgspec.json.encode(done))
        tell(report, name, how, done[name])
    UNFINISHED.unlink()
    return report.save()
