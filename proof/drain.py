"""Eight clients drain 100,000 messages by polling with `read`: none twice, none missing. And again with a slow reader and a cut one."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.clock import Clock
from proof import words
from proof.http import Broken, Connection, poll
from proof.report import Report, percentile
from proof.seed import Mix, fill
from proof.server import Server
from proof.stand import ENGINES, EngineName, database, directory, opened, prepare, wal_octets
from proof.steady import Steady

CLIENTS: Final = 8
MESSAGES: Final = 100_000
LIMIT: Final = 50
READERS: Final = 10
ANSWER_OCTETS: Final = 20_000_000  # of each reader's answer, at least
LONG_TEXT: Final = 1_960  # characters, so that 10,000 messages are more than that
SLOW: Final = 100_000  # octets per second
BUFFER: Final = 64 * 1024  # SO_RCVBUF
INGEST_RATE: Final = 100  # pushes per second beside the readers
WAL_LIMIT: Final = 64 << 20
HEAD: Final = 40  # octets of an item in which its id lies; one that is found twice is the same
MOST: Final = 1_000  # largest page
CUTS: Final = (0.01, 0.05, 0.09)
_ids = re.compile(rb'\{"id":([0-9]+),"type"').findall


async def drain(port: int, clients: int = CLIENTS, seen: Counter[int] | None = None) -> Counter[int]:
    """All clients poll until there is nothing more; how often each id was given out in a whole answer (added to `seen`)."""
    seen = Counter() if seen is None else seen
    request = poll(read=True, limit=LIMIT)

    async def one() -> None:
        async with Connection(port) as connection:
            while ids := [int(found) for found in _ids((await connection.exchange(request)).body)]:
                seen.update(ids)

    await asyncio.gather(*(one() for _ in range(clients)))
    return seen


async def plain(engine: EngineName, report: Report, clock: Clock) -> None:
    """100,000 messages, 8 clients."""
    with directory() as place, database(engine, place) as url:
        await prepare(url, place, words.setup_text())
        async with opened(url) as db:
            await fill(db, Mix(MESSAGES), clock)
        server = await Server(url, clock).start()
        begun = clock.monotonic()
        seen = await drain(server.port)
        lasted = clock.monotonic() - begun
        await server.stop()
    report.hold(f"{engine}: messages given out twice", sum(1 for times in seen.values() if times > 1), at_most=0)
    report.hold(f"{engine}: messages missing of {MESSAGES}", MESSAGES - len(seen), at_most=0)
    report.say(f"{engine}: {CLIENTS} clients, limit={LIMIT}, read: messages/s", MESSAGES / lasted, "/s")


@dataclass
class Scene:
    """What is seen while readers of all kinds and a source are at work."""

    port: int
    clock: Clock
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    wal: int = 0
    complete: Counter[int] = field(default_factory=Counter)
    sizes: list[int] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)

    async def watch_wal(self, url: str) -> None:
        """Samples the size of the log ten times a second."""
        while not self.stop.is_set():
            self.wal = max(self.wal, wal_octets(url))
            await self.clock.wait(self.stop, 0.1)

    async def read_all(
        self, place: int | None = None, rate: int | None = None, cut_after: int | None = None, kill: Server | None = None
    ) -> None:
        """One answer of everything on one number (or on all), at a rate or as fast as it comes.

        `cut_after`: the connection is cut after so many octets; `kill`: together with the server.
        """
        asked: dict[str, Any] = {} if place is None else {"ndi": words.own_number(1, place)}
        size = 0
        ids: set[int] = set()
        rest = b""
        begun = self.clock.monotonic()
        async with Connection(self.port, BUFFER if rate or cut_after else None) as connection:
            try:
                async for piece in connection.stream(poll(read=True, **asked)):
                    size += len(piece)
                    rest += piece
                    ids.update(int(found) for found in _ids(rest))
                    rest = rest[-HEAD:]
                    if cut_after is not None and size >= cut_after:
                        self.cuts.append(size)
                        if kill is not None:
                            await kill.kill()
                        connection.abort()
                        return
                    if rate is not None and (early := size / rate - (self.clock.monotonic() - begun)) > 0:
                        await self.clock.sleep(early)
            except Broken as error:
                raise AssertionError(f"the answer broke after {size} octets: {error}") from error
        self.complete.update(ids)
        self.sizes.append(size)

    async def read_after_cuts(self, place: int, messages: int, shares: Sequence[float]) -> None:
        """A reader that goes away after these shares of 20 MB, and at last reads it whole, when all is offered again."""
        for share in shares:
            await self.read_all(place, cut_after=int(ANSWER_OCTETS * share))
        async with self.clock.deadline(60.0), Connection(self.port) as connection:
            pages = 0
            while pages < messages / MOST:
                reply = await connection.exchange(poll(ndi=words.own_number(1, place), limit=MOST, page=9_999))
                pages = reply.json()["paging"]["count"]
                await self.clock.sleep(0.1)
        await self.read_all(place)


async def hard(engine: EngineName, report: Report, clock: Clock) -> None:
    """Ten readers of at least 20 MB each, one of them slow and one cut, and pushes beside."""
    with directory() as below, database(engine, below) as url:
        await prepare(url, below, words.setup_text())
        async with opened(url) as db:
            await fill(db, Mix(MESSAGES, text=LONG_TEXT, kinds={"ndi": 1}), clock)
        server = await Server(url, clock).start()
        scene = Scene(server.port, clock)
        watching = asyncio.create_task(scene.watch_wal(url))
        pushes = await Steady(server.port, INGEST_RATE).start()
        fast = [scene.read_all(place) for place in range(2, READERS)]
        await asyncio.gather(scene.read_all(0, rate=SLOW), scene.read_after_cuts(1, MESSAGES // READERS, CUTS), *fast)
        took = [took for _, took in await pushes.stop()]
        scene.stop.set()
        await watching
        peak = server.peak_rss()
        await server.stop()
    report.hold(f"{engine}: messages in no complete answer, of {MESSAGES}", MESSAGES - len(scene.complete), at_most=0)
    report.hold(f"{engine}: messages in more than one complete answer", sum(1 for times in scene.complete.values() if times > 1), at_most=0)
    report.hold(f"{engine}: smallest of the {READERS} answers", min(scene.sizes) / 1e6, "MB", at_least=ANSWER_OCTETS / 1e6)
    report.say(f"{engine}: one reader at {SLOW // 1000} kB/s; another was cut after", [round(cut / 1e6, 2) for cut in scene.cuts], "MB")
    report.say(f"{engine}: pushes beside", len(took))
    report.say(f"{engine}: a push takes, median", percentile(took, 0.5) * 1000, "ms")
    report.hold(f"{engine}: a push takes, 99 of 100", percentile(took, 0.99) * 1000, "ms", at_most=100)
    if engine == "sqlite":
        report.hold(f"{engine}: largest write-ahead log", scene.wal / (1 << 20), "MiB", at_most=WAL_LIMIT / (1 << 20))
    report.say(f"{engine}: peak memory of the server", peak / (1 << 20), "MiB")


async def run(clock: Clock) -> bool:
    report = Report("drain", clock)
    for engine in ENGINES:
        await plain(engine, report, clock)
    for engine in ENGINES:
        await hard(engine, report, clock)
    return report.save()
