"""Fuzzing: random and changed octets for every reader of the wire, and a session on a real socket that gets 100,000 such PDUs.

A target gives a value or a WireError; anything else, or five seconds for one input, ends the run with the octets that did it.
`python -m proof fuzz --seconds 3600` takes an hour for all targets together. A run that was broken off goes on where it was.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from odzew.clock import Clock
from odzew.errors import WireError
from proof import fuzz_session
from proof.fuzz_octets import Chance
from proof.fuzz_targets import TARGETS, Target
from proof.report import Report

EACH: Final = 60.0  # seconds for each target, unless the command line says otherwise
BATCH: Final = 2_000  # inputs of one seed
SLOWEST: Final = 5.0  # seconds for one input
UNFINISHED: Final = Path(tempfile.gettempdir(), "odzew-proof-fuzz.json")
REPRODUCER: Final = Path(tempfile.gettempdir(), "odzew-fuzz-reproducer")


class Found(AssertionError):
    """An input on which a target did something else than give a value or a WireError."""


class Hang(BaseException):
    """An input took too long. No Exception: a target that catches these must not swallow it."""


@dataclass(slots=True)
class Count:
    """What one target was given. `batches` is also the number of the next seed."""

    batches: int = 0
    inputs: int = 0
    octets: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest: float = 0.0


@dataclass
class Progress:
    """Of all targets, by name."""

    counts: dict[str, Count] = field(default_factory=dict)


def batch(target: Target, count: Count, clock: Clock, inputs: int = BATCH) -> None:
    """The next inputs of a target. Found with what reproduces it."""
    begun = clock.monotonic()
    chance = Chance(f"{target.name} {count.batches}", target.good())
    with _alarm():
        for _ in range(inputs):
            octets = chance.octets()
            state = chance.random.getstate()
            started = clock.monotonic()
            signal.setitimer(signal.ITIMER_REAL, SLOWEST)
            try:
                target.act(octets, chance.random)
            except WireError:
                count.refused += 1
            except (Exception, Hang) as fault:
                raise _found(target, octets, count.batches, fault) from fault
            count.slowest = max(count.slowest, clock.monotonic() - started)
            count.inputs += 1
            count.octets += len(octets)
            chance.random.setstate(state)  # so that the next octets depend on the seed alone
    count.batches += 1
    count.seconds += clock.monotonic() - begun


def _found(target: Target, octets: bytes, seed: int, fault: BaseException) -> Found:
    REPRODUCER.write_bytes(octets)
    return Found(f"{target.name}, seed {seed}: {fault!r} on {octets.hex()} (also in {REPRODUCER})")


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hang(f"longer than {SLOWEST:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _progress() -> Progress:
    return msgspec.json.decode(UNFINISHED.read_bytes(), type=Progress) if UNFINISHED.exists() else Progress()


async def run(clock: Clock, seconds: float | None = None) -> bool:
    """All targets in turn, a batch of each, until each had its time; then the session. `seconds`: of all targets together."""
    report = Report("fuzz", clock)
    each = EACH if seconds is None else seconds / len(TARGETS)
    progress = _progress()
    left = True
    while left:
        left = False
        for target in TARGETS:
            count = progress.counts.setdefault(target.name, Count())
            if count.seconds < each:
                left = True
                batch(target, count, clock)
        UNFINISHED.write_bytes(msgspec.json.encode(progress))
    for name, count in progress.counts.items():
        report.hold(f"{name}: inputs that gave a value or a WireError", count.inputs, at_least=1, octets=count.octets)
        report.say(f"{name}: of these a WireError", count.refused)
        report.hold(f"{name}: slowest input", count.slowest * 1000, "ms", at_most=SLOWEST * 1000)
    report.say("inputs of all targets", sum(count.inputs for count in progress.counts.values()))
    report.say("time spent on them", sum(count.seconds for count in progress.counts.values()), "s")
    fuzz_session.tell(report, await fuzz_session.on_sqlite(clock))
    UNFINISHED.unlink()
    return report.save()
