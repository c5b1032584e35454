"""A hundred targets, three of them in trouble: one never answers, one answers 500, the name of one is never resolved.

How long a message to one of the other 97 takes from when it was due at the source until its URL has answered, with the three and
without them: runs in turn, each on a fresh database with a fresh server. Repeats come fifty times as fast as by the contract, so that
a short run has all of them.
"""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from odzew.clock import Clock
from proof import words
from proof.databases import Databases, databases
from proof.flow import Flow, own_numbers
from proof.named import DOMAIN, HANGS, PROGRAM
from proof.pairs import interleaved
from proof.report import Report, percentile
from proof.server import Server
from proof.sink import Sink
from proof.stand import ENGINES, EngineName, prepare

ACCOUNTS: Final = 10  # with ten targets each
RATE: Final = 250.0  # messages a second, to all targets in turn
SECONDS: Final = 40.0
WARM: Final = 10.0  # of these are not counted: the first calls that hang have ended by then
PAIRS: Final = 5
RETRY: Final = (0.1, 0.1, 0.1, 0.9)  # minutes after the attempt before
NEVER: Final = 1e9  # seconds
BASE: Final = "http://base.example"
_place = re.compile(re.escape(BASE) + "/([0-9]+)/([0-9]+)").sub


@dataclass(slots=True)
class Clients:
    """The clients' URLs: one sink for all that are well, and one for each kind of trouble."""

    well: Sink
    hangs: Sink
    fails: Sink

    def setup(self, trouble: bool) -> str:
        """Every target has a host name of its own. Those in trouble are the first ones of the first three accounts."""
        bases = {
            (1, 0): f"http://silent{DOMAIN}:{self.hangs.port}",
            (2, 0): f"http://broken{DOMAIN}:{self.fails.port}",
            (3, 0): f"http://{HANGS}:{self.well.port}",
        } if trouble else {}  # fmt: skip

        def url(account: int, place: int) -> str:
            return f"{bases.get((account, place), f'http://c{account}-{place}{DOMAIN}:{self.well.port}')}/{account}/{place}"

        text = words.setup_text(ACCOUNTS, BASE, words.OWN, RETRY)
        return _place(lambda found: url(int(found[1]), int(found[2])), text)


IN_TROUBLE: Final = frozenset((0, words.OWN, 2 * words.OWN))
"""Their places among all recipients."""


@dataclass(slots=True)
class Scene:
    """What all runs on one engine share. `troubled`: calls that the hanging and the failing target got, in each run that had them."""

    made: Databases
    clock: Clock
    seconds: float
    troubled: list[tuple[int, int]]

    async def once(self, trouble: bool) -> float:
        """One run: the p95 of the targets that are well, in seconds."""
        async with AsyncExitStack() as stack:
            clients = Clients(Sink(self.clock), Sink(self.clock, delay=NEVER), Sink(self.clock, fails=1.0))
            for sink in (clients.well, clients.hangs, clients.fails):
                await sink.start()
                stack.push_async_callback(sink.stop)
            url = await self.made.empty("run")
            stack.push_async_callback(self.made.drop, "run")
            await prepare(url, self.made.place(), clients.setup(trouble))
            server = await Server(url, self.clock, program=PROGRAM).start()
            stack.push_async_callback(server.kill)
            flow = Flow(self.clock, server.port, RATE, own_numbers(ACCOUNTS))
            await flow.run(self.seconds)
            waits = await flow.waits([clients.well], min(WARM, self.seconds / 2), lambda place: place not in IN_TROUBLE)
            if trouble:
                self.troubled.append((len(clients.hangs.calls), len(clients.fails.calls)))
        return percentile(waits, 0.95)


async def on_engine(engine: EngineName, report: Report, clock: Clock, seconds: float = SECONDS, pairs: int = PAIRS) -> None:
    """Interleaved runs with and without trouble."""
    with databases(engine) as made:
        scene = Scene(made, clock, seconds, [])
        found = await interleaved(pairs, lambda _: scene.once(False), lambda _: scene.once(True))
    found.told(report, f"{engine}: p95 of the other {ACCOUNTS * words.OWN - len(IN_TROUBLE)}", "three in trouble", at_most=1.1)
    report.say(f"{engine}: calls that the hanging target got in each run", [hangs for hangs, _ in scene.troubled])
    report.say(f"{engine}: calls that were answered 500 in each run", [fails for _, fails in scene.troubled])
    if not all(hangs and fails for hangs, fails in scene.troubled):
        raise AssertionError("a target that should be in trouble was not called")


async def run(clock: Clock, scale: float = 1.0) -> bool:
    """`scale`: share of the full length of a run."""
    report = Report("fairness", clock)
    report.say("targets; messages a second to all of them; seconds of a run", [ACCOUNTS * words.OWN, RATE, SECONDS * scale])
    for engine in ENGINES:
        await on_engine(engine, report, clock, SECONDS * scale)
    return report.save()
