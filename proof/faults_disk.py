"""A disk that is full, in a mount namespace of its own: `python -m proof.faults_disk ENGINE`, run below `unshare -m`.

Whoever starts it gets what was found as JSON. The disk is a small tmpfs that nobody else sees and that is gone with this process.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from odzew.clock import Clock
from proof.faults_flow import Flow, Outcome, Trouble, beside
from proof.faults_postgres import Postgres
from proof.server import Server, die_with_parent
from proof.stand import EngineName, database, directory

SIZES: Final = {"sqlite": 8, "postgres": 128}  # MiB
_PIECE: Final = 4096


class Disk:
    """A tmpfs at `path`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._filler = path / "filler"
        self._clock = clock

    def fill(self) -> None:
        """Takes all that is left."""
        with suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while file.write(bytes(_PIECE)):
                pass

    @asynccontextmanager
    async def full(self, _server: Server) -> AsyncIterator[None]:
        """Nothing is left, and what others give back is taken at once."""

        async def keep_full() -> None:
            while True:
                self.fill()
                await self._clock.sleep(0.05)

        async with beside(keep_full()):
            yield
        self._filler.unlink()


async def _within(engine: EngineName) -> Outcome:
    clock = Clock()
    with directory() as place:
        disk = place / "disk"
        disk.mkdir()
        disk.chmod(0o755)
        await _run("mount", "-t", "tmpfs", "-o", f"size={SIZES[engine]}m,mode=755", "tmpfs", str(disk))
        with database(engine, disk) as url:
            found = await Flow(url, place, clock).through(_trouble(engine, url, disk, clock))
        await _run("umount", str(disk))
        return found


async def _run(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(*words)
    if await process.wait():
        raise AssertionError(f"{words[0]} ended with {process.returncode}")


def _trouble(engine: EngineName, url: str, disk: Path, clock: Clock) -> Trouble:
    full = Disk(disk, clock).full
    if engine == "sqlite":
        return full

    @asynccontextmanager
    async def full_then_started(server: Server) -> AsyncIterator[None]:
        async with full(server):
            yield
        await Postgres(url, disk / "pg", clock).begin()  # where it could not even write its log, it has ended

    return full_then_started


async def full_disk(engine: EngineName) -> Outcome:
    """The whole of it in another process."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--mount", "--propagation", "private", sys.executable, "-m", "proof.faults_disk", engine,
        stdout=asyncio.subprocess.PIPE, preexec_fn=die_with_parent,
    )  # fmt: skip
    told, _ = await process.communicate()
    if process.returncode:
        raise AssertionError(f"it ended with {process.returncode}")
    return msgspec.json.decode(told, type=Outcome)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.buffer.write(msgspec.json.encode(runner.run(_within(cast("EngineName", sys.argv[1])))))
