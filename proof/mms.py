"""MMS of 10 MiB over MM7 through a real server: one alone, and twenty at once. What the process takes, and whether every octet is there."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from dataclasses import dataclass
from typing import Final

from odzew.clock import Clock
from odzew.model import Attachment
from odzew.simulate.mmsc import Sent, send_mms
from proof import words
from proof.http import Connection, poll
from proof.report import Report
from proof.server import Server
from proof.stand import ENGINES, EngineName, database, directory, prepare

MIB: Final = 1 << 20
OCTETS: Final = 10 * MIB
BOUNDS: Final = {1: 200.0, 20: 700.0}
"""How many at once, and the most memory, MiB."""
SHAPES: Final = ("nested", "base64")
"""Binary parts, as the specification has it, and base64, in which a third more comes in."""
SOURCE: Final = "mmsc"


def setup_text() -> str:
    """The set-up of all proofs and a source over MM7, which is known by its address."""
    return words.setup_text() + f'[[source]]\nname = "{SOURCE}"\nprotocol = "mm7"\nallow_from = ["127.0.0.0/8"]\n'


@dataclass(slots=True)
class Outcome:
    """`exact`: those of which a poll gave every octet. Memory in MiB: of the start, at most, and when all was stored; seconds."""

    taken: int = 0
    exact: int = 0
    started: float = 0.0
    peak: float = 0.0
    after: float = 0.0
    lasted: float = 0.0


async def bring(engine: EngineName, clock: Clock, count: int, shape: str, octets: int = OCTETS) -> Outcome:
    """So many MMS at once, each of one picture, and then the polls that read them."""
    with directory() as place, database(engine, place) as url:
        await prepare(url, place, setup_text())
        server = await Server(url, clock).start()
        outcome = Outcome(started=server.peak_rss() / MIB)
        server.reset_peak()
        pictures = {f"picture {number}": os.urandom(octets) for number in range(count)}
        begun = clock.monotonic()
        sent = await asyncio.gather(*(_send(clock, server.port, title, data, shape) for title, data in pictures.items()))
        outcome.lasted = clock.monotonic() - begun
        outcome.peak, outcome.after = server.peak_rss() / MIB, server.rss() / MIB
        outcome.taken = sum(one.taken for one in sent)
        async with Connection(server.port) as connection:
            for _ in range(outcome.taken):
                body = b"".join([piece async for piece in connection.stream(poll(read=True, limit=1))])
                (item,) = json.loads(body)["items"]
                (attachment,) = item["attachments"]
                outcome.exact += base64.b64decode(attachment["data"]) == pictures[item["title"]]
        assert await server.stop() == 0
    return outcome


async def _send(clock: Clock, port: int, title: str, data: bytes, shape: str) -> Sent:
    picture = Attachment("picture.jpg", "image/jpeg", data)
    address = f"http://127.0.0.1:{port}/ingest/{SOURCE}"
    return await send_mms(clock, address, "", "", "+48500600700", words.own_number(1), title, [picture], shape)


def tell(report: Report, name: str, count: int, found: Outcome, most: float) -> None:
    """The rows of one run."""
    report.hold(f"{name}: taken", found.taken, at_least=count)
    report.hold(f"{name}: of which every octet is polled", found.exact, at_least=count)
    report.hold(f"{name}: peak memory of the server", found.peak, "MiB", at_most=most)
    report.say(f"{name}: peak of its start, before that", found.started, "MiB")
    report.say(f"{name}: memory when all was stored", found.after, "MiB")
    report.say(f"{name}: until all was answered", found.lasted, "s")


async def run(clock: Clock) -> bool:
    report = Report("mms", clock)
    for engine in ENGINES:
        for shape in SHAPES:
            for count, most in BOUNDS.items():
                found = await bring(engine, clock, count, shape)
                tell(report, f"{engine}, {shape}, {count} MMS of {OCTETS // MIB} MiB", count, found, most)
    return report.save()
