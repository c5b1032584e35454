"""What a poll costs: the same at ten thousand and at five million stored messages, and against a bare Starlette application.

Each database keeps its 10,000 newest messages unread. The servers run side by side and are asked in turn, many rounds, so that what
else the machine does falls on all alike; only ratios are judged. The bare application answers the very same octets of body.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from odzew.clock import Clock
from proof import words
from proof.http import Connection, poll
from proof.report import Report, median
from proof.seed import Mix, fill
from proof.server import Server
from proof.stand import ENGINES, EngineName, another_database, database, directory, octets_of, opened, prepare

STORED: Final = (10_000, 1_000_000, 5_000_000)
UNREAD: Final = 10_000
LIMIT: Final = 50
ROUNDS: Final = 15
POLLS: Final = 300  # of each database in a round, one after another
RATE_ROUNDS: Final = 5
RATE_SECONDS: Final = 3.0
CONNECTIONS: Final = 16
NOTHING_UNREAD: Final = 2  # an account without messages
COUNTED: Final = 2_500_000
BARE: Final = ("-m", "proof.bare")
VACUUMED_WITHIN: Final = 600.0  # seconds; autovacuum looks once a minute
_CLEAR: Final = """SELECT n_live_tup = 0 OR (n_dead_tup <= 50 + n_live_tup * 0.01 AND last_autoanalyze IS NOT NULL)
    FROM pg_stat_user_tables WHERE relname = 'messages'"""
_rate = re.compile(r"Requests/sec: +([0-9.]+)").search
_errors = re.compile(r"Non-2xx|Socket errors").search


@dataclass
class Place:
    """One database with its server and what its polls took."""

    name: str
    server: Server
    took: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)


async def ask(place: Place, request: bytes, times: int, clock: Clock) -> None:
    """Polls one after another over one connection; keeps how long each took and the median of the round."""
    took = []
    async with Connection(place.server.port) as connection:
        for _ in range(times):
            begun = clock.monotonic()
            await connection.exchange(request)
            took.append(clock.monotonic() - begun)
    place.took += took
    place.rounds.append(median(took))


@asynccontextmanager
async def seeded(engine: EngineName, sizes: Sequence[int], report: Report, clock: Clock) -> AsyncIterator[list[Place]]:
    """A database and a server for each size. SQLite: a file each; PostgreSQL: one server with a database each."""
    async with AsyncExitStack() as stack:
        root = stack.enter_context(directory())
        shared = stack.enter_context(database(engine, root)) if engine == "postgres" else ""
        places = []
        for size in sizes:
            below = root / str(size)
            below.mkdir()
            url = await another_database(shared, f"stored_{size}") if shared else f"sqlite:///{below / 'odzew.db'}"
            await prepare(url, below, words.setup_text(NOTHING_UNREAD))
            async with opened(url) as db:
                speed = await fill(db, Mix(size, unread=UNREAD), clock, tell=True)
            report.say(f"{engine}: {size} messages seeded through receive, messages/s", speed, "/s")
            if engine == "sqlite":
                report.say(f"{engine}: {size} messages take on the disk", octets_of(url) / size, "octets each")
            if engine == "postgres":
                report.say(f"{engine}: {size} messages, until autovacuum had caught up", await _vacuumed(url, clock), "s")
            server = await Server(url, clock).start()
            stack.push_async_callback(server.stop)
            places.append(Place(f"{size}", server))
        yield places


async def _vacuumed(url: str, clock: Clock) -> float:
    """Waits until PostgreSQL's own autovacuum has cleared away what marking millions of messages at once has left; seconds."""
    begun = clock.monotonic()
    connection = await asyncpg.connect(url)
    try:
        async with clock.deadline(VACUUMED_WITHIN):
            while not await connection.fetchval(_CLEAR):
                await clock.sleep(0.5)
    finally:
        await connection.close()
    return clock.monotonic() - begun


async def sizes(engine: EngineName, report: Report, clock: Clock, stored: Sequence[int] = STORED) -> None:
    """The median poll at each size, interleaved; and, at the middle size, requests per second against the bare application."""
    request = poll(limit=LIMIT)
    async with seeded(engine, stored, report, clock) as places:
        for place in places:
            await ask(place, request, POLLS, clock)
            place.took.clear()
            place.rounds.clear()
        for number in range(ROUNDS):
            for place in places[number % len(places) :] + places[: number % len(places)]:
                await ask(place, request, POLLS, clock)
        for place in places:
            rounds = [round(took * 1e6) for took in place.rounds]
            what = f"{engine}: poll of {LIMIT} at {place.name} stored, median of {ROUNDS} rounds"
            report.say(what, median(place.rounds) * 1e3, "ms", rounds_us=rounds)
        ratios = [last / first for first, last in zip(places[0].rounds, places[-1].rounds, strict=True)]
        largest = median(places[-1].rounds) / median(places[0].rounds)
        report.hold(f"{engine}: largest against smallest, of the medians", largest, "x", at_most=1.3)
        report.say(f"{engine}: largest against smallest, median of the rounds' ratios", median(ratios), "x")
        await rates(engine, places[0].server, report, clock)


async def rates(engine: EngineName, server: Server, report: Report, clock: Clock) -> None:
    """Requests per second, in turn with a bare application that returns the same octets: a poll of 50, and an empty one."""
    for name, request, least in ((f"poll of {LIMIT}", poll(limit=LIMIT), 0.1), ("empty poll", poll(NOTHING_UNREAD, limit=LIMIT), 0.25)):
        async with Connection(server.port) as connection:
            reply = await connection.exchange(request)
        with directory() as place:
            body = place / "body"
            body.write_bytes(reply.body)
            bare = await Server(str(body), clock, program=BARE).start()
            found: dict[str, list[tuple[float, float]]] = {"ours": [], "bare": []}
            for _ in range(RATE_ROUNDS):
                for which, asked in (("ours", server), ("bare", bare)):
                    found[which].append(await _wrk(asked, request, place))
            await bare.stop()
        ratios = [ours[0] / bare[0] for ours, bare in zip(found["ours"], found["bare"], strict=True)]
        costs = [bare[1] / ours[1] for ours, bare in zip(found["ours"], found["bare"], strict=True)]
        octets, rounds = f"{len(reply.body)} octets", [round(ratio, 3) for ratio in ratios]
        report.say(f"{engine}: {name} ({octets}), requests/s, {CONNECTIONS} connections", median([rate for rate, _ in found["ours"]]), "/s")
        report.say(f"{engine}: bare Starlette with the same octets, requests/s", median([rate for rate, _ in found["bare"]]), "/s")
        report.hold(f"{engine}: {name}, ratio to it, median of {RATE_ROUNDS} rounds", median(ratios), "x", at_least=least, rounds=rounds)
        report.say(f"{engine}: {name}, the same by processor time of the server", median(costs), "x")


async def _wrk(server: Server, request: bytes, place: Path) -> tuple[float, float]:
    """Requests per second as wrk finds them, and the server's processor seconds for each."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    script = place / "poll.lua"
    headers = "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in (line.split(": ", 1) for line in lines[2:-1]))
    script.write_text(f"wrk.method = 'POST'\nwrk.body = '{body.decode()}'\n{headers}", encoding="ascii")
    before = server.cpu_seconds()
    process = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{RATE_SECONDS:g}s", "-s", str(script), f"http://127.0.0.1:{server.port}{lines[0].split()[1]}",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    text = (await process.communicate())[0].decode()
    found = _rate(text)
    if found is None or _errors(text):
        raise AssertionError(text)
    rate = float(found[1])
    return rate, (server.cpu_seconds() - before) / (rate * RATE_SECONDS)


async def counting(engine: EngineName, report: Report, clock: Clock) -> None:
    """The first page, with the number of pages counted over very many unread messages; and with that number known."""
    with directory() as place, database(engine, place) as url:
        await prepare(url, place, words.setup_text())
        async with opened(url) as db:
            await fill(db, Mix(COUNTED), clock, tell=True)
        server = await Server(url, clock).start()
        took: list[float] = []
        pages = 0
        async with Connection(server.port) as connection:
            for page in range(1, 4):
                begun = clock.monotonic()
                reply = await connection.exchange(poll(limit=LIMIT, page=page))
                took.append(clock.monotonic() - begun)
                pages = reply.json()["paging"]["count"]
        await server.stop()
    report.say(f"{engine}: counting the pages of {COUNTED} unread, first poll", took[0] * 1e3, "ms", pages=pages)
    report.say(f"{engine}: the two polls after it", [round(one * 1e3, 2) for one in took[1:]], "ms")


async def run(clock: Clock) -> bool:
    report = Report("poll", clock)
    if shutil.which("wrk") is None:
        raise FileNotFoundError("this proof asks with wrk, which is not installed: apt-get install wrk")
    for engine in ENGINES:
        await sizes(engine, report, clock)
        await counting(engine, report, clock)
    return report.save()
