"""Memory of the server while it streams: a million messages in one answer, and four answers at once of 50 MMS of 10 MiB."""

from __future__ import annotations

import asyncio
import os
from typing import Final

from odzew.clock import Clock
from odzew.inbox.receive import Inbox
from odzew.model import Arrival, Attachment
from odzew.store.db import Database
from odzew.store.directory import Present
from proof import words
from proof.http import Connection, poll
from proof.report import Report
from proof.seed import Mix, fill
from proof.server import Server
from proof.stand import ENGINES, EngineName, database, directory, opened, prepare

MIB: Final = 1 << 20
MESSAGES: Final = 1_000_000
MMS: Final = 50
MMS_OCTETS: Final = 10 * MIB
AT_ONCE: Final = 4
ITEM: Final = b',"recived":"'  # once in each item, and in no text of ours


async def swallow(port: int, request: bytes) -> tuple[int, int]:
    """Octets of the answer's body and how many items it has."""
    size = items = 0
    rest = b""
    async with Connection(port) as connection:
        async for piece in connection.stream(request):
            size += len(piece)
            joined = rest + piece
            items += joined.count(ITEM)
            rest = joined[1 - len(ITEM) :]
    return size, items


async def texts(engine: EngineName, report: Report, clock: Clock) -> None:
    """One answer of a million messages, without and with `read`."""
    with directory() as place, database(engine, place) as url:
        await prepare(url, place, words.setup_text())
        async with opened(url) as db:
            speed = await fill(db, Mix(MESSAGES), clock, tell=True)
        report.say(f"{engine}: seeded through receive, messages/s", speed, "/s")
        for name, parameters in (("", {}), (", read", {"read": True})):
            server = await Server(url, clock).start()
            started = server.peak_rss()
            server.reset_peak()
            begun = clock.monotonic()
            size, items = await swallow(server.port, poll(**parameters))
            lasted = clock.monotonic() - begun
            peak = max(started, server.peak_rss())
            await server.stop()
            report.hold(f"{engine}{name}: messages in one answer", items, at_least=MESSAGES)
            report.hold(f"{engine}{name}: peak memory of the server", peak / MIB, "MiB", at_most=150)
            report.say(f"{engine}{name}: peak of its start, before that", started / MIB, "MiB")
            report.say(f"{engine}{name}: speed of the answer", size / lasted / 1e6, "MB/s")


async def _store_mms(db: Database) -> None:
    """Stores the MMS; their raw octets are left out, which no answer reads."""
    present = Present(db)
    await present.refresh()
    source = present.directory.sources[words.SOURCE].id
    inbox = Inbox(db, present, lambda received: None)
    for n in range(MMS):
        picture = Attachment("picture.jpg", "image/jpeg", os.urandom(MMS_OCTETS))
        await inbox.receive([Arrival(source, "+48500600700", words.own_number(1), b"", title=f"{n}", attachments=(picture,), mms=True)])
    await inbox.close()


async def pictures(engine: EngineName, report: Report, clock: Clock) -> None:
    """Four clients read the same 50 MMS at once."""
    with directory() as place, database(engine, place) as url:
        await prepare(url, place, words.setup_text())
        async with opened(url) as db:
            await _store_mms(db)
        server = await Server(url, clock).start()
        begun = clock.monotonic()
        answers = await asyncio.gather(*(swallow(server.port, poll()) for _ in range(AT_ONCE)))
        lasted = clock.monotonic() - begun
        peak = server.peak_rss()
        await server.stop()
    least, smallest = MMS * MMS_OCTETS * 4 / 3 / MIB, min(size for size, _ in answers) / MIB
    report.hold(f"{engine}: smallest of {AT_ONCE} answers of {MMS} MMS", smallest, "MiB", at_least=least)
    report.hold(f"{engine}: peak memory of the server", peak / MIB, "MiB", at_most=250)
    report.say(f"{engine}: speed of the answers together", sum(size for size, _ in answers) / lasted / 1e6, "MB/s")


async def run(clock: Clock) -> bool:
    report = Report("memory", clock)
    for engine in ENGINES:
        await texts(engine, report, clock)
    for engine in ENGINES:
        await pictures(engine, report, clock)
    return report.save()
