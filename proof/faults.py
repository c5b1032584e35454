"""The store and the clock fail while messages come over SMPP at a modest rate: what was lost, what was refused, what the client saw.

Each trouble has a fresh database and one server, which must go on by itself when the trouble is over.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from odzew.clock import Clock
from proof.faults_clock import STEP, Hand
from proof.faults_disk import full_disk
from proof.faults_flow import Flow, Outcome, tell
from proof.faults_postgres import Postgres
from proof.report import Report
from proof.server import Server
from proof.stand import EngineName, database, directory

UNFINISHED: Final = Path(tempfile.gettempdir(), "odzew-proof-faults.json")
BROKEN: Final = "60..100"
"""Which fdatasyncs of a thread fail, counted from its first."""
SET_CLOCK: Final = ("-m", "proof.faults_clock")


async def postgres(clock: Clock, trouble: str, *words: str) -> Outcome:
    """A flow through a PostgreSQL of its own that gets into this trouble (a method of `Postgres`)."""
    with directory() as place, database("postgres", place) as url:
        there = Postgres(url, place / "pg", clock)
        return await Flow(url, place, clock).through(lambda server: getattr(there, trouble)(server, *words))


def broken_sync(which: str) -> tuple[str, ...]:
    """A command that runs another one, whose fdatasyncs with these numbers fail."""
    inject = f"inject=fdatasync:error=EIO:when={which}"
    return ("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", inject)


async def io_errors(clock: Clock) -> Outcome:
    """SQLite on a disk that does not sync any more, for a while."""
    with directory() as place, database("sqlite", place) as url:
        return await Flow(url, place, clock, wrapped_in=broken_sync(BROKEN)).through(nothing)


async def clock_set(clock: Clock, engine: EngineName) -> Outcome:
    """The server's clock is set forward and back. PostgreSQL's own clock stays right."""
    with directory() as place, database(engine, place) as url:
        hand = Hand(place, clock)
        return await Flow(url, place, clock, program=SET_CLOCK, settings=hand.settings).through(hand.forward_and_back)


@asynccontextmanager
async def nothing(_server: Server) -> AsyncIterator[None]:
    """The trouble begins by itself."""
    yield


@dataclass(slots=True, frozen=True)
class Trial:
    """One trouble. `refuses`: whether something must have been refused because of it."""

    name: str
    run: Callable[[Clock], Awaitable[Outcome]]
    refuses: bool = True


TRIALS: Final = (
    Trial("sqlite: disk full", lambda clock: full_disk("sqlite")),
    Trial("sqlite: fdatasync fails (EIO)", io_errors),
    Trial(f"sqlite: clock set {STEP} s forward and back", lambda clock: clock_set(clock, "sqlite"), refuses=False),
    Trial("postgres: restarted (fast)", lambda clock: postgres(clock, "restarted", "fast")),
    Trial("postgres: restarted (immediate)", lambda clock: postgres(clock, "restarted", "immediate")),
    Trial("postgres: back ends killed four times a second", lambda clock: postgres(clock, "killed_again_and_again")),
    Trial("postgres: no connection free", lambda clock: postgres(clock, "no_connection_free")),
    Trial("postgres: read-only", lambda clock: postgres(clock, "read_only")),
    Trial("postgres: disk full", lambda clock: full_disk("postgres")),
    Trial(f"postgres: clock set {STEP} s forward and back", lambda clock: clock_set(clock, "postgres"), refuses=False),
)


async def run(clock: Clock) -> bool:
    """Every trial; a run that was broken off goes on with those that it lacks."""
    report = Report("faults", clock)
    done = msgspec.json.decode(UNFINISHED.read_bytes(), type=dict[str, Outcome]) if UNFINISHED.exists() else {}
    for trial in TRIALS:
        if trial.name not in done:
            done[trial.name] = await trial.run(clock)
            UNFINISHED.write_bytes(msgspec.json.encode(done))
        tell(report, trial.name, done[trial.name], trial.refuses)
    UNFINISHED.unlink()
    return report.save()
