"""A server whose wall clock can be set: the program of the proof `faults`, and the hand that sets it. Never for anything else."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import uvloop

from odzew.clock import SECOND, Clock
from odzew.serve import run
from odzew.settings import read
from proof.faults_flow import beside
from proof.server import Server

VARIABLE: Final = "ODZEW_PROOF_CLOCK"
STEP: Final = 20  # seconds
EACH: Final = 2.0  # seconds between two steps


class SetClock(Clock):
    """The machine's clock and as many seconds more as stand in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at = -1
        self._ahead = 0

    def now(self) -> int:
        """See `Clock`."""
        written = os.stat(self._file).st_mtime_ns
        if written != self._read_at:
            self._read_at, self._ahead = written, int(self._file.read_text() or "0") * SECOND
        return super().now() + self._ahead


class Hand:
    """Sets the clock of a server that runs this program with `settings`."""

    def __init__(self, place: Path, clock: Clock) -> None:
        self._file = place / "clock"
        self._clock = clock
        self.settings = {VARIABLE.removeprefix("ODZEW_"): str(self._file)}
        self._set(0)

    @asynccontextmanager
    async def forward_and_back(self, _server: Server) -> AsyncIterator[None]:
        """Ahead, behind, ahead again and so on; right at the end."""

        async def turn() -> None:
            for seconds in itertools.cycle((STEP, -STEP)):
                self._set(seconds)
                await self._clock.sleep(EACH)

        async with beside(turn()):
            yield
        self._set(0)

    def _set(self, seconds: int) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(read({}), SetClock(Path(os.environ[VARIABLE]))))
