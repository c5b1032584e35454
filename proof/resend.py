"""100,000 exhausted deliveries sent again by one command, beside a steady flow of fresh messages to all targets, theirs among them.

How long fresh messages take, from the start of the command until the last one of the 100,000 has arrived, against a server that has
nothing to send again. The runs go in turn, each on a fresh copy of the database with a fresh server.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.clock import Clock
from odzew.store.db import statement
from proof import words
from proof.databases import Databases, databases
from proof.flow import Flow, own_numbers
from proof.pairs import interleaved
from proof.past import Past, analyzed, make
from proof.report import Report, median, percentile
from proof.server import ROOT, Server, die_with_parent
from proof.sink import Sink
from proof.stand import ENGINES, EngineName, opened, prepare

ACCOUNTS: Final = 10  # with ten targets each; what is sent again belongs to the first one
EXHAUSTED: Final = 100_000
AT: Final = 400.0  # deliveries a second, as the command is told
RATE: Final = 200.0  # fresh messages a second
WARM: Final = 5.0  # seconds of the flow before the command
PLAIN_SECONDS: Final = 60.0  # of a run without
PAIRS: Final = 3
LASTS_AT_MOST: Final = 4.0  # times as long as the rate asks for, and a minute


@dataclass(slots=True)
class Sent:
    """What one command did: seconds it took, and seconds until the last of its deliveries had arrived."""

    command: float
    arrived: float


@dataclass
class Scene:
    """What all runs on one engine share. The copy `filled` is what each run begins with; its `past` holds ids of messages."""

    made: Databases
    clock: Clock
    sink: Sink
    count: int
    past: range = range(0)
    sent: list[Sent] = field(default_factory=list)

    async def fill(self) -> None:
        """The database that the runs are given copies of."""
        url = await self.made.empty("filled")
        await prepare(url, self.made.place(), words.setup_text(ACCOUNTS, self.sink.url, words.OWN))
        async with opened(url) as db:
            targets = [row[0] for row in await db.read(statement, "SELECT id FROM targets WHERE account_id = 1 ORDER BY id")]
            keys = await make(db, Past(self.count, (targets[0], targets[-1])), self.clock.now())
            first = (await db.read(statement, "SELECT message_id FROM deliveries WHERE id = ?", keys[0]))[0][0]
        self.past = range(first, first + self.count)
        await analyzed(self.made.engine, url)

    async def once(self, again: bool, number: int) -> float:
        """One run: the p95 of fresh messages, in seconds."""
        async with AsyncExitStack() as stack:
            name = f"run{number}{'again' if again else ''}"
            url = await self.made.copy("filled", name)
            stack.push_async_callback(self.made.drop, name)
            server = await Server(url, self.clock, {"log_level": "info"}).start()
            stack.push_async_callback(server.stop)
            self.sink.calls.clear()
            flow = Flow(self.clock, server.port, RATE, own_numbers(ACCOUNTS))
            flowing = asyncio.create_task(flow.run())
            await self.clock.sleep(WARM)
            begun = self.clock.monotonic() - min(flow.due.values())
            if again:
                self.sent.append(await self._send_again(url))
            else:
                await self.clock.sleep(PLAIN_SECONDS * min(1.0, self.count / EXHAUSTED * 4))
            flow.stop.set()
            await flowing
            return percentile(await flow.waits([self.sink], begun), 0.95)

    async def _send_again(self, url: str) -> Sent:
        begun = self.clock.monotonic()
        done = await command(url)
        took = self.clock.monotonic() - begun
        if done["sent_again"] != self.count:
            raise AssertionError(f"the command sent {done} again and not {self.count}")
        arrived: set[int] = set()
        looked = 0
        async with self.clock.deadline(60.0 + LASTS_AT_MOST * self.count / AT):
            while len(arrived) < self.count:
                await self.clock.sleep(0.25)
                arrived.update(called.message_id for called in self.sink.calls[looked:] if called.message_id in self.past)
                looked = len(self.sink.calls)
        return Sent(took, self.clock.monotonic() - begun)


async def command(url: str, rate: float = AT) -> dict[str, Any]:
    """`odzew deliveries resend` of everything of the first account that is exhausted; what it printed."""
    arguments = ("deliveries", "resend", "--account", "account1", "--state", "exhausted", "--rate", f"{rate:g}", "--json")
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "ODZEW_DB": url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "odzew.cli.main", *arguments, env=environment,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )  # fmt: skip
    out, _ = await process.communicate()
    if process.returncode:
        raise AssertionError(f"the command ended {process.returncode}")
    found: dict[str, Any] = json.loads(out)
    return found


async def on_engine(engine: EngineName, report: Report, clock: Clock, count: int = EXHAUSTED, pairs: int = PAIRS) -> None:
    """Interleaved runs with and without the command."""
    sink = await Sink(clock).start()
    try:
        with databases(engine) as made:
            scene = Scene(made, clock, sink, count)
            await scene.fill()
            found = await interleaved(pairs, lambda number: scene.once(False, number), lambda number: scene.once(True, number))
    finally:
        await sink.stop()
    report.say(f"{engine}: exhausted deliveries sent again; at so many a second", [count, AT])
    report.say(f"{engine}: the command takes, median of {pairs}", median([one.command for one in scene.sent]), "s")
    rates = [count / one.arrived for one in scene.sent]
    report.say(f"{engine}: arrived, from the start of the command, median of {pairs}", median(rates), "/s", each=[round(r) for r in rates])
    found.told(report, f"{engine}: p95 of {RATE:g} fresh messages a second", "the command", at_most=1.2)


async def run(clock: Clock, scale: float = 1.0) -> bool:
    """`scale`: share of the deliveries."""
    report = Report("resend", clock)
    for engine in ENGINES:
        await on_engine(engine, report, clock, round(EXHAUSTED * scale))
    return report.save()
