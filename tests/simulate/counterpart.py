"""The other side of the simulators: a socket on loopback that says just what a test wants, and a clock that tells how long was waited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from odzew.clock import FixedClock


class Player:
    """Answers one connection after the other with the given octets; the last ones are said again. None: hangs."""

    def __init__(self, answers: Sequence[bytes | None]) -> None:
        self._answers = list(answers)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.arrived = asyncio.Event()
        self.port = 0
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    async def visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads one request and answers it."""
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(length))
            self.arrived.set()
            answer = self._answers[min(len(self.heads), len(self._answers)) - 1]
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        except OSError:
            pass  # the caller has gone
        finally:
            writer.close()

    async def ended(self) -> None:
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)


@asynccontextmanager
async def playing(*answers: bytes | None) -> AsyncIterator[Player]:
    """A player that listens."""
    player = Player(answers)
    server = await asyncio.start_server(player.visit, "127.0.0.1", 0)
    player.port = server.sockets[0].getsockname()[1]
    try:
        yield player
    finally:
        server.close()
        await player.ended()
        await server.wait_closed()


class Waits(FixedClock):
    """A clock on which a wait ends at once, and moves the time on by its length. `waited` has the length of each."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.advance(seconds)
