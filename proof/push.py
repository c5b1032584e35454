"""HTTP ingest, durable: messages per second over 32 connections, one message in each push and lists of 100; both engines."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any, Final

from odzew.clock import Clock
from proof import words
from proof.http import Connection, push
from proof.report import Report, median, percentile
from proof.server import Server
from proof.stand import ENGINES, EngineName, database, directory, prepare

CONNECTIONS: Final = 32
SECONDS: Final = 6.0
RUNS: Final = 3
SHAPES: Final = {"single": 1, "lists of 100": 100}


def item(number: int) -> dict[str, Any]:
    """One pushed message with an id of its own."""
    text = f"message {number} of an ordinary length, as people write"
    return {"from": f"+48600{number % 1_000_000:06d}", "to": words.own_number(1), "text": text, "id": f"p{number}"}


async def load(port: int, clock: Clock, numbers: Iterator[int], together: int, seconds: float) -> tuple[int, float, list[float]]:
    """Pushes as fast as it is answered: messages acknowledged, seconds taken, and how long each push took."""
    took: list[float] = []
    stored = 0
    begun = clock.monotonic()

    async def one() -> None:
        nonlocal stored
        async with Connection(port) as connection:
            while clock.monotonic() - begun < seconds:
                octets = push(item(next(numbers)) if together == 1 else [item(next(numbers)) for _ in range(together)])
                sent = clock.monotonic()
                reply = await connection.exchange(octets)
                took.append(clock.monotonic() - sent)
                if reply.status != 200 or b'"error"' in reply.body:
                    raise AssertionError(reply)
                stored += together

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return stored, clock.monotonic() - begun, took


async def on_engine(engine: EngineName, report: Report, clock: Clock, seconds: float = SECONDS, runs: int = RUNS) -> None:
    """Interleaved runs of both shapes on a fresh database."""
    with directory() as place, database(engine, place) as url:
        await prepare(url, place, words.setup_text())
        server = await Server(url, clock).start()
        numbers = itertools.count(1)
        await load(server.port, clock, numbers, 1, 0.5)
        speeds: dict[str, list[float]] = {shape: [] for shape in SHAPES}
        waits: dict[str, list[float]] = {shape: [] for shape in SHAPES}
        cpu: dict[str, list[float]] = {shape: [] for shape in SHAPES}
        for _ in range(runs):
            for shape, together in SHAPES.items():
                before = server.cpu_seconds()
                stored, lasted, took = await load(server.port, clock, numbers, together, seconds)
                speeds[shape].append(stored / lasted)
                waits[shape] += took
                cpu[shape].append((server.cpu_seconds() - before) / stored * 1e6)
        for shape in SHAPES:
            each = [round(speed) for speed in speeds[shape]]
            report.say(f"{engine}, {shape}: messages/s, median of {runs} runs", median(speeds[shape]), "/s", runs=each)
            report.say(f"{engine}, {shape}: processor time of the server for a message", median(cpu[shape]), "µs")
            report.say(f"{engine}, {shape}: a push takes, median", median(waits[shape]) * 1000, "ms")
            report.say(f"{engine}, {shape}: a push takes, 99 of 100", percentile(waits[shape], 0.99) * 1000, "ms")
        await server.stop()


async def run(clock: Clock) -> bool:
    report = Report("push", clock)
    for engine in ENGINES:
        await on_engine(engine, report, clock)
    return report.save()
