"""A flow of messages through a server while something around it fails: what was lost, refused and delayed, and what the log says.

An SMSC sends at a modest rate, short and long messages mixed, and sends again what is refused for now; a client's URL is called for
each. The trouble begins after a while, lasts, and ends; the server is the same process from the beginning to the end.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from odzew.clock import Clock
from odzew.simulate.smsc import Smsc
from odzew.simulate.smsc_ledger import TEMPORARY
from odzew.wire.status import Status
from proof import smpp_words
from proof.owed import owed
from proof.report import Report
from proof.server import SERVE, Server
from proof.sink import Sink
from proof.smpp_network import Judged, Network, called_for, judge, stored
from proof.stand import opened, prepare

RATE: Final = 60.0  # PDUs a second
SECONDS: Final = (2.0, 8.0, 3.0)  # before, while and after
TARGETS: Final = 4
MOST_OUT: Final = 2_000
PAUSE: Final = 0.5  # seconds before the SMSC sends again what was refused
WITHIN: Final = 180.0
FAILS: Final = 0.05  # share of calls that the client's URL answers 500
RETRY: Final = (0.02,) * 20  # minutes
KEPT: Final = 100_000  # lines of the log


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Within the block, this goes on. What goes wrong in it is told at its end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


Trouble = Callable[[Server], AbstractAsyncContextManager[None]]


@dataclass
class Outcome:
    """`answers`: how often each status was given. `log`: how often each event was logged from the trouble's beginning on, `first` the
    first of these lines, `traces` how many had a stack trace.

    Spans are seconds. From the trouble's end: until the SMSC had its first ESME_ROK, and until the client's URL was called. `silence`: the
    longest time without a call of the URL.
    """

    judged: Judged = field(default_factory=Judged)
    answers: dict[int, int] = field(default_factory=dict)
    sessions: int = 0
    calls: int = 0
    not_delivered: int = 0
    delivered_again: int = 0
    until_taken: float = 0.0
    until_called: float = 0.0
    silence: float = 0.0
    stopped_with: int | None = None
    log: dict[str, int] = field(default_factory=dict)
    first: str = ""
    traces: int = 0

    @property
    def refused(self) -> int:
        """Answers that said: later."""
        return sum(count for status, count in self.answers.items() if status in TEMPORARY)

    @property
    def refused_for_good(self) -> int:
        return sum(count for status, count in self.answers.items() if status != Status.ROK and status not in TEMPORARY)


@dataclass(slots=True)
class Flow:
    """`program` is what runs the server, `wrapped_in` what runs that."""

    url: str
    place: Path
    clock: Clock
    rate: float = RATE
    seconds: tuple[float, float, float] = SECONDS
    program: tuple[str, ...] = SERVE
    wrapped_in: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)

    async def through(self, trouble: Trouble) -> Outcome:
        """Everything, on a fresh database, and what was found when all was settled."""
        smsc = await Smsc(self.clock, system_id=smpp_words.SYSTEM_ID, window=MOST_OUT, rate=self.rate, pause=PAUSE).start()
        sink = await Sink(self.clock, delay=0.004, fails=FAILS).start()
        try:
            await prepare(self.url, self.place, smpp_words.setup_text(smsc.port, sink.url, TARGETS, RETRY))
            server = Server(self.url, self.clock, self.settings, self.wrapped_in, self.program)
            server.written = deque(maxlen=KEPT)
            await server.start()
            try:
                return await self._run(trouble, server, smsc, sink)
            finally:
                await server.kill()
        finally:
            await smsc.stop()
            await sink.stop()

    async def _run(self, trouble: Trouble, server: Server, smsc: Smsc, sink: Sink) -> Outcome:
        outcome, network = Outcome(), Network(self.clock, TARGETS, smsc)
        before, during, after = self.seconds
        async with self.clock.deadline(WITHIN):
            await smsc.bound()
            network.post(self._messages(before))
            await self.clock.sleep(before)
            lines = len(server.written)
            async with trouble(server):
                network.post(self._messages(during))
                await self.clock.sleep(during)
            await self._recovers(outcome, smsc, sink)
            network.post(self._messages(after))
            await smsc.settled()
            while await owed(self.url):
                await self.clock.sleep(0.2)
        outcome.stopped_with = await server.stop()
        outcome.answers = dict(smsc.ledger.totals().answers)
        outcome.sessions = len(smsc.binds)
        async with opened(self.url) as db:
            outcome.judged = judge(network, await db.read(stored))
        told = called_for(sink.calls)
        outcome.calls = len(sink.calls)
        outcome.not_delivered = (network.wanted - told).total()
        outcome.delivered_again = (told - network.wanted).total()
        begun = [called.begun for called in sink.calls]
        outcome.silence = max((later - earlier for earlier, later in itertools.pairwise(begun)), default=0.0)
        _read_log(outcome, list(server.written)[lines:])
        return outcome

    def _messages(self, seconds: float) -> int:
        return int(self.rate * seconds / 2)  # of about two PDUs each

    async def _recovers(self, outcome: Outcome, smsc: Smsc, sink: Sink) -> None:
        ended, taken, called = self.clock.monotonic(), smsc.ledger.totals().taken, len(sink.calls)
        while smsc.ledger.totals().taken == taken and smsc.ledger.settled < len(smsc.ledger):
            await self.clock.sleep(0.02)
        outcome.until_taken = self.clock.monotonic() - ended
        while len(sink.calls) == called and await owed(self.url):
            await self.clock.sleep(0.02)
        outcome.until_called = self.clock.monotonic() - ended


QUIET: Final = frozenset({"attempt", "smpp_unbound", "stopping", "stopped"})  # what a server in good health says too


def _read_log(outcome: Outcome, lines: Iterable[str]) -> None:
    events: Counter[str] = Counter()
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:  # no line of ours, such as a stack trace that Python wrote by itself
            outcome.traces += 1
            continue
        outcome.traces += "exception" in said
        if said.get("event") not in QUIET:
            events[said.get("event", "")] += 1
            outcome.first = outcome.first or line
    outcome.log = dict(events)


def tell(report: Report, name: str, found: Outcome, refuses: bool = True, most_again: int = 0) -> None:
    """The rows of one trouble. `refuses`: something must have been refused. `most_again`: what may come to the client twice."""
    judged = found.judged
    report.say(f"{name}: messages", judged.messages, answers={Status(status).name: count for status, count in found.answers.items()})
    report.hold(f"{name}: acknowledged and missing", judged.missing + judged.not_taken + judged.other, at_most=0)
    report.hold(f"{name}: acknowledged and never delivered to the client", found.not_delivered, at_most=0)
    if refuses:
        report.hold(f"{name}: refused for now", found.refused, at_least=1)
    else:
        report.say(f"{name}: refused for now", found.refused)
    report.hold(f"{name}: refused for good", found.refused_for_good, at_most=0)
    report.say(f"{name}: stored twice", judged.twice)
    report.hold(f"{name}: delivered again beyond that", found.delivered_again - judged.twice, at_most=most_again)
    report.say(f"{name}: sessions of the network", found.sessions)
    report.say(f"{name}: from its end to the first that is taken", found.until_taken, "s")
    report.say(f"{name}: from its end to the first call of the client's URL", found.until_called, "s")
    report.say(f"{name}: longest time without a call of the client's URL", found.silence, "s")
    in_order = int(found.stopped_with == 0)
    report.hold(f"{name}: the same process goes on, and ends in order when it is told to", in_order, at_least=1)
    said = ", ".join(f"{event} {count}" for event, count in sorted(found.log.items()))
    report.say(f"{name}: lines in the log", said or "none", first=found.first)
    report.hold(f"{name}: stack traces in the log", found.traces, at_most=0)
