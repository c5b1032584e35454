"""The panel over 5,000,000 messages and 100,000 contacts: how long each page takes on the server, and how large it is; and whether an
inbox that is live, while 500 messages arrive in a second, is noticed by those who bring them."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.clock import Clock
from odzew.panel.page import Page
from odzew.panel.routes import PAGES, url_of
from odzew.panel.visit import ROOT
from proof.pairs import interleaved
from proof.panel_past import PanelPast, sender_of
from proof.panel_stand import LOGIN, OPERATOR, Visitor, fill, setup_text
from proof.report import Report, median, percentile
from proof.server import Server
from proof.stand import ENGINES, EngineName, database, directory, prepare
from proof.steady import Steady

TIMES: Final = 15  # each page is asked for
AT_MOST: Final = 100.0  # milliseconds
KIB: Final = 1_024
PAST: Final = PanelPast()
VALUES: Final[dict[str, dict[str, Any]]] = {"inbox.kind": {"kind": "nd"}, "inbox.kind.live": {"kind": "nd"}, "numbers": {"service": "nd"}}
LEFT_OUT: Final = ("static", "code", "export.csv", "export.json", "contacts.export", "media", "contact.preview", "login")
"""Files that are streamed, and what one must have begun before."""
SEARCHES: Final = (
    ("inbox", {"q": "kontakt zamówienia"}), ("inbox", {"q": "rzadkie"}), ("inbox", {"q": "4321012"}), ("inbox", {"q": "kowalski"}),
    ("inbox", {"q": "nigdzie"}), ("inbox", {"unseen": "1"}), ("inbox", {"keyword": 1}),
    ("inbox", {"from": "2026-01-01", "to": "2026-01-31"}),
    ("inbox", {"before": 2_500_000}), ("inbox", {"sender": sender_of(77, PAST.contacts)}),
    ("export", {"q": "rzadkie"}), ("contacts", {"q": "kowalski"}), ("contacts", {"q": "lecka 77"}), ("contacts", {"sort": "last_name"}),
    ("deliveries", {"state": "exhausted"}),
)  # fmt: skip
RATE: Final = 500  # messages a second
LOOKERS: Final = 1  # windows with a live inbox
EVERY: Final = 2.0  # seconds between the questions of one of them
SECONDS: Final = 12.0
SETTLED: Final = 2.0  # seconds of each run that are not counted
PAIRS: Final = 5


@dataclass(slots=True, frozen=True)
class Asked:
    """A page to ask for: what it is called in the report, its path behind `/panel`, who asks."""

    what: str
    path: str
    who: str


def asked(user: int) -> list[Asked]:
    """Every page that can be opened, and searches. `user`: the id of one of the account's."""
    found = [Asked(page.name, _path(page, user), OPERATOR if page.who == "operator" else LOGIN) for page in PAGES if _opened(page)]
    for name, query in SEARCHES:
        said = ", ".join(f"{key}={value}" for key, value in query.items())
        found.append(Asked(f"{name}, {said}", url_of(name, dict(query)).removeprefix(ROOT), LOGIN))
    return found


def _opened(page: Page) -> bool:
    return "GET" in page.methods and page.name not in LEFT_OUT


async def _user_of(visitor: Visitor) -> int:
    found = re.search(rb'href="/panel/account/users/([0-9]+)"', (await visitor.get("/account/users")).body)
    assert found is not None
    return int(found[1])


def _path(page: Page, user: int) -> str:
    values = VALUES.get(page.name, {"id": user if page.name == "user" else 1} if "{" in page.path else {})
    return url_of(page.name, **values).removeprefix(ROOT)


async def pages(engine: EngineName, port: int, report: Report, clock: Clock) -> None:
    """Every page in turn, so many times; the medians."""
    async with Visitor(port, LOGIN) as anna, Visitor(port, OPERATOR) as ops:
        visitors = {LOGIN: anna, OPERATOR: ops}
        each = asked(await _user_of(anna))
        took: dict[str, list[float]] = {one.what: [] for one in each}
        sizes: dict[str, tuple[int, int]] = {}
        for _ in range(TIMES):
            for one in each:
                begun = clock.monotonic()
                reply = await visitors[one.who].get(one.path)
                took[one.what].append(clock.monotonic() - begun)
                if reply.status not in (200, 204, 303):
                    raise AssertionError((one, reply.status))
                sizes[one.what] = len(reply.body), len(gzip.compress(reply.body))
    for one in each:
        times, (size, packed) = took[one.what], sizes[one.what]
        report.hold(
            f"{engine}: {one.what}, median of {TIMES}", median(times) * 1_000, "ms", at_most=AT_MOST,
            most=round(max(times) * 1_000, 1), kib=round(size / KIB, 1), kib_gzip=round(packed / KIB, 1),
        )  # fmt: skip
    report.say(f"{engine}: the largest page", max(size for size, _ in sizes.values()) / KIB, "KiB")
    report.say(f"{engine}: all pages together, median of their medians", median([median(times) for times in took.values()]) * 1_000, "ms")


async def _looks(port: int, clock: Clock, until: asyncio.Event, told: list[int]) -> None:
    """One window with a live inbox: asks every two seconds for what is new, as the page does."""
    async with Visitor(port, LOGIN) as visitor:
        await visitor.get("/inbox")
        path = "/inbox/live?after=0"
        while not await clock.wait(until, EVERY):
            reply = await visitor.get(path, partial=True)
            if reply.status not in (200, 204):
                raise AssertionError(reply)
            if reply.status == 200 and b'hx-get="' in reply.body:
                path = reply.body.rpartition(b'hx-get="')[2].partition(b'"')[0].decode().replace("&amp;", "&").removeprefix(ROOT)
            told.append(reply.body.count(b'href="/panel/messages/'))


async def live(engine: EngineName, report: Report, clock: Clock, pairs: int = PAIRS) -> None:
    """The p99 of receiving, with windows that look and without, on a fresh database each."""
    shown: list[int] = []

    async def one(looking: bool) -> float:
        with directory() as place, database(engine, place) as url:
            await prepare(url, place, setup_text().replace("[[number.forward]]", "[[number.forward]]\nactive = false"))
            server = await Server(url, clock).start()
            until = asyncio.Event()
            windows = [asyncio.create_task(_looks(server.port, clock, until, shown)) for _ in range(LOOKERS if looking else 0)]
            steady = await Steady(server.port, RATE).start()
            await clock.sleep(SECONDS)
            until.set()
            pushes: Sequence[tuple[float, float]] = await steady.stop()
            await asyncio.gather(*windows)
            await server.stop()
        return percentile([took for due, took in pushes if due > SETTLED], 0.99)

    found = await interleaved(pairs, lambda _: one(False), lambda _: one(True))
    found.told(report, f"{engine}: 99 of 100 pushes at {RATE}/s", "a live inbox", 1.2)
    report.hold(f"{engine}: new messages that an answer to a live inbox showed, most", max(shown), at_least=1)


async def measured(engine: EngineName, url: str, report: Report, clock: Clock) -> None:
    """The pages of a filled database, and a live inbox beside."""
    server = await Server(url, clock).start()
    await pages(engine, server.port, report, clock)
    await server.stop()
    await live(engine, report, clock)


async def run(clock: Clock, scale: float = 1.0) -> bool:
    report = Report("panel", clock)
    past = PanelPast(int(PAST.messages * scale), int(PAST.contacts * scale), int(PAST.owed * scale), int(PAST.unread * scale))
    for engine in ENGINES:
        with directory() as place, database(engine, place) as url:
            await fill(engine, url, place, past, clock)
            report.say(f"{engine}: messages", past.messages)
            await measured(engine, url, report, clock)
    return report.save()
