"""What the other proofs ran on: processors, memory, and how long the disk takes to say that something is safe."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Final

from odzew.clock import Clock
from proof.report import Report, percentile
from proof.stand import directory

SYNCS: Final = 500
PAGE: Final = 4096


def synced(place: Path, clock: Clock) -> list[float]:
    """Seconds that each of many writes of a page took, with its fdatasync."""
    took = []
    handle = os.open(place / "page", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for number in range(SYNCS):
            begun = clock.monotonic()
            os.pwrite(handle, os.urandom(PAGE), number % 64 * PAGE)
            os.fdatasync(handle)
            took.append(clock.monotonic() - begun)
    finally:
        os.close(handle)
    return took


async def run(clock: Clock) -> bool:
    report = Report("machine", clock)
    report.say("processors", os.cpu_count())
    report.say("memory", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30), "GiB")
    report.say("Python", platform.python_version())
    with directory() as place:
        took = synced(place, clock)
    report.say("a page written and synced (fdatasync), median", percentile(took, 0.5) * 1e3, "ms")
    report.say("a page written and synced (fdatasync), 99 of 100", percentile(took, 0.99) * 1e3, "ms")
    return report.save()
