"""Twenty clients that are well, and a hostile one at a time beside them: how its calls end, what memory it costs, who else notices.

Each row has two fresh servers at the same time, so that both meet the same weather on the machine: one whose hostile client gets many
messages at once and then a few every second, and one where the same messages go to a client that is well. A message is late that
took more than a second from when it was due at the source.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections import Counter
from collections.abc import Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from odzew.clock import Clock
from odzew.store.db import Request, Rows
from proof import words
from proof.flow import Flow, answered, own_numbers
from proof.hostile_certificates import Certificates
from proof.hostile_names import ADDRESS
from proof.hostile_peer import PeerProcess
from proof.hostile_rows import ROWS, WELL, Row
from proof.http import Connection, push
from proof.report import Report, median, percentile
from proof.server import Server
from proof.sink import Sink
from proof.stand import database, directory, opened, prepare

ACCOUNTS: Final = 2  # with ten targets each
RATE: Final = 60.0  # messages a second to the twenty together
WARM: Final = 2.0  # seconds
AT_ONCE: Final = 16
THEN: Final = 0.125  # seconds between those that follow
MMS: Final = 8  # in place of all these
PICTURE: Final = 1 << 20  # octets
LATE: Final = 1.0  # seconds
ARRIVES_WITHIN: Final = 10.0
MEMORY: Final = 32.0  # MiB
MEMORY_MMS: Final = 64.0  # taking them in is part of it
NOISE: Final = 5  # after so many rows one without any hostile client, which says what the machine does to the figures
MIB: Final = 1 << 20
NUMBER: Final = "+48664999999"
PROGRAM: Final = ("-m", "proof.hostile_server")


@dataclass(slots=True)
class Found:
    """What one hostile client brought. `outcomes`: how often each; `took`: median of its calls; `beside` it and `without`: p95; seconds.

    `late`: how many more than of the server without took over a second.
    """

    outcomes: dict[str, int]
    took: float
    memory: float
    beside: float
    without: float
    late: int
    lost: int


def setup_text(row: Row, port: int, good: str, authority: Path) -> str:
    """The twenty, and the account of the hostile client, which may reach nothing but its own address."""
    text = words.setup_text(ACCOUNTS, good, words.OWN)
    text += f'[[account]]\nname = "hostile"\nforward_allow = ["{ADDRESS}/32"]\n'
    text += f'[[number]]\naddress = "{NUMBER}"\nservice = "ndi"\naccount = "hostile"\nmms = true\n'
    text += f'[[number.forward]]\nurl = "{row.url(port)}"\nfor = "{"mms" if row.mms else "sms"}"\nretry_minutes = [10000]\n'
    return text + (f'ca = "{authority}"\n' if row.https else "")


async def push_to(row: Row, port: int, clock: Clock, stop: asyncio.Event) -> None:
    """The messages for the row's client, pushed to the server on `port`."""
    async with Connection(port) as connection:

        async def post(first: int, count: int) -> None:
            item: dict[str, Any] = {"from": "+48500600700", "to": NUMBER, "text": "to the one beside"}
            if row.mms:
                item["attachments"] = [{"name": "a.jpg", "content_type": "image/jpeg", "data": base64.b64encode(bytes(PICTURE)).decode()}]
            reply = await connection.exchange(push([item | {"id": f"beside-{number}"} for number in range(first, first + count)]))
            if reply.status != 200 or b'"error"' in reply.body:
                raise AssertionError(reply)

        if row.mms:
            for number in range(MMS):
                await post(number, 1)
            return
        await post(0, AT_ONCE)
        for number in itertools.count(AT_ONCE):
            if await clock.wait(stop, THEN):
                return
            await post(number, 1)


class Side:
    """A server of its own with its twenty clients and one more, which `row` tells about and which listens on `peer`."""

    def __init__(self, row: Row, clock: Clock, peer: int) -> None:
        self._row = row
        self._clock = clock
        self._peer = peer
        self._stack = AsyncExitStack()
        self.memory = 0.0

    async def start(self, certificates: Certificates) -> Side:
        place = self._stack.enter_context(directory())
        self.url = self._stack.enter_context(database("sqlite", place))
        self.sink = await Sink(self._clock).start()
        self._stack.push_async_callback(self.sink.stop)
        await prepare(self.url, place, setup_text(self._row, self._peer, self.sink.url, certificates.authority))
        self.server = await Server(self.url, self._clock, program=PROGRAM).start()
        self._stack.push_async_callback(self.server.kill)
        self.flow = Flow(self._clock, self.server.port, RATE, own_numbers(ACCOUNTS))
        return self

    async def watch(self) -> list[float]:
        """The whole run; the seconds from when each message to the twenty was due until its URL had answered (infinite: lost)."""
        clock = self._clock
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.flow.run())
            await clock.sleep(WARM)
            begun, idle = clock.monotonic(), self.server.rss()
            self.server.reset_peak()
            tasks.create_task(push_to(self._row, self.server.port, clock, self.flow.stop))
            await clock.sleep(self._row.seconds)
            self.memory = (self.server.peak_rss() - idle) / MIB
            self.flow.stop.set()
        ends = clock.monotonic() + ARRIVES_WITHIN
        while self.flow.due.keys() - (done := answered(self.sink.calls)).keys() and clock.monotonic() < ends:
            await clock.sleep(0.1)
        return [done.get(serial, float("inf")) - due for serial, due in self.flow.due.items() if due >= begun]

    async def attempts(self) -> list[tuple[str, int]]:
        """Outcome and microseconds of each call of the row's client."""
        async with opened(self.url) as db:
            found: list[tuple[str, int]] = await db.read(_attempts)
        return found

    async def stop(self) -> None:
        await self._stack.aclose()


async def beside(row: Row, clock: Clock) -> Found:
    """One row."""
    async with AsyncExitStack() as stack:
        place = stack.enter_context(directory())
        certificates = Certificates(place).make()
        hostile, well = [await stack.enter_async_context(PeerProcess(one, place)) for one in (row, WELL)]
        sides = [Side(row, clock, hostile.port), Side(replace(WELL, mms=row.mms, seconds=row.seconds), clock, well.port)]
        for side in sides:
            stack.push_async_callback(side.stop)
            await side.start(certificates)
        waits, control = await asyncio.gather(*(side.watch() for side in sides))
        attempts = await sides[0].attempts()
    outcomes = dict(sorted(Counter(outcome for outcome, _ in attempts).items()))
    lost = sum(1 for wait in waits if wait == float("inf"))
    # A moment at which the machine stood still makes messages late on both sides.
    late = sum(LATE < wait < float("inf") for wait in waits) - sum(wait > LATE for wait in control)
    took = median([took / 1e6 for _, took in attempts])
    p95, other = (percentile(one, 0.95) for one in (waits, control))
    return Found(outcomes, took, sides[0].memory, p95, other, max(0, late), lost)


def _attempts() -> Generator[Request, Any, list[tuple[str, int]]]:
    sql = """SELECT a.outcome, a.took_us FROM attempts a JOIN deliveries d ON d.id = a.delivery_id JOIN accounts c ON c.id = d.account_id
             WHERE c.name = 'hostile'"""
    rows = yield Rows(sql)
    return [(row[0], row[1]) for row in rows]


def tell(report: Report, row: Row, found: Found) -> None:
    """Its line in the table."""
    report.say(
        row.name, ", ".join(f"{outcome} {count}" for outcome, count in found.outcomes.items()) or "none",
        columns={
            "ended after, ms": round(found.took * 1000), "memory, MiB": round(found.memory, 1),
            "p95 beside, ms": round(found.beside * 1000, 1), "p95 without, ms": round(found.without * 1000, 1),
            "late": found.late, "lost": found.lost,
        },
    )  # fmt: skip
    if not _as_expected(row, found):
        report.say(f"{row.name}: should be", " and ".join(row.expected))


async def run(clock: Clock) -> bool:
    report = Report("hostile", clock)
    done: list[tuple[Row, Found]] = []
    calm: list[Found] = []
    for place, row in enumerate(ROWS):
        if place % NOISE == 0:
            calm.append(await beside(WELL, clock))
        done.append((row, await beside(row, clock)))
        tell(report, *done[-1])
    found = [one for _, one in done]
    report.hold("hostile clients with another outcome than they should have", sum(not _as_expected(*one) for one in done), at_most=0)
    report.hold("messages to others that were lost", sum(one.lost for one in found), at_most=0)
    report.hold("messages to others that were late, more than of the server without", sum(one.late for one in found), at_most=0)
    report.hold("most memory over idle", max(one.memory for row, one in done if not row.mms), "MiB", at_most=MEMORY)
    report.hold("the same with MMS, taking them in included", max(one.memory for row, one in done if row.mms), "MiB", at_most=MEMORY_MMS)
    report.hold("p95 of the others beside and without, median of the ratios", median([_ratio(one) for one in found]), at_most=1.1)
    report.say("the largest of these ratios", max(_ratio(one) for one in found))
    noise = sorted(round(_ratio(one), 2) for one in calm)
    report.say("the same ratio of two servers that have no hostile client, each run", noise)
    return report.save()


def _ratio(found: Found) -> float:
    return found.beside / found.without


def _as_expected(row: Row, found: Found) -> bool:
    seen = found.outcomes.keys()
    return bool(seen) and (seen <= set(row.expected) if row.either else seen == set(row.expected))
