"""A server that dies just before an fdatasync of a whole walk, from the first push to the last read mark, and is restarted.

Every third of them; the proof `replay` plays a loss of power at every one of some thousand writes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from odzew.clock import Clock
from proof import words
from proof.drain import drain
from proof.http import Broken, Connection, push
from proof.order import strace
from proof.server import Server
from proof.sink import Sink
from proof.stand import prepare
from tests.flow.conftest import Start

ITEMS = [
    [{"from": "+48500600700", "to": words.own_number(1), "text": "one", "id": "1"}],
    [{"from": "+48500600700", "to": words.own_number(1), "text": f"list {n}", "id": f"l{n}"} for n in range(3)],
]
COUNT = 4
LAST_POINT = 30
STRIDE = 3


class Walk:
    """Pushes, is called, pulls and pushes again; each step is made again after a restart if it had no answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._called = asyncio.Event()
        self.sink = Sink(clock, told=lambda called: self._called.set())
        self.acknowledged: dict[str, int] = {}
        self.pulled: Counter[int] = Counter()

    async def go(self, server: Server) -> None:
        """Walks on; Broken where the server dies."""
        for items in ITEMS:
            if items[0]["id"] not in self.acknowledged:
                await self._push(server, items)
            await self._forwarded(server)
            await drain(server.port, 1, self.pulled)

    async def _push(self, server: Server, items: list[dict[str, str]]) -> None:
        async with Connection(server.port) as connection:
            reply = await connection.exchange(push(items))
        assert reply.status == 200
        self.acknowledged |= {item["id"]: answer["id"] for item, answer in zip(items, reply.json()["items"], strict=True)}

    async def _forwarded(self, server: Server) -> None:
        """Waits until all that was acknowledged has been called, or the server is gone."""
        async with self._clock.deadline(10.0):
            while not set(self.acknowledged.values()) <= {called.message_id for called in self.sink.calls}:
                if not server.runs:
                    raise Broken("the server is gone")
                self._called.clear()
                await self._clock.wait(self._called, 0.1)


async def _die_at(point: int, place: Path, clock: Clock, start: Start) -> tuple[bool, Walk]:
    """Whether the server died at this fdatasync, and the walk as it ended after the restart."""
    url = f"sqlite:///{place / f'{point}.db'}"
    walk = Walk(clock)
    await walk.sink.start()
    await prepare(url, place, words.setup_text(1, walk.sink.url, 1))
    inject = f"inject=fdatasync:signal=SIGKILL:when={point}"
    wrapper = (strace(), "-D", "-f", "-e", "trace=fdatasync", "-e", inject, "-e", "signal=none", "-o", "/dev/null")
    doomed = await start(url, wrapped_in=wrapper)
    died = False
    try:
        await walk.go(doomed)
        await doomed.stop()
    except Broken:
        await doomed.ended()
        died = True
    server = await start(url)
    await walk.go(server)
    await drain(server.port, 1, walk.pulled)
    await server.stop()
    await walk.sink.stop()
    return died, walk


async def test_restart_at_commit_points(tmp_path: Path, real_clock: Clock, start: Start) -> None:
    died = True
    point = 1
    while died:
        assert point < LAST_POINT
        died, walk = await _die_at(point, tmp_path, real_clock, start)
        stored = set(walk.acknowledged.values())
        assert len(stored) == COUNT
        assert set(walk.pulled) == stored  # each message stored once, each in a whole answer
        assert sum(walk.pulled.values()) <= COUNT + 3  # an answer that was on its way is offered again
        calls = Counter(called.message_id for called in walk.sink.calls)
        assert set(calls) == stored
        assert sum(calls.values()) <= COUNT + 3  # as is a call whose outcome was not committed
        point += STRIDE
    assert point > 6  # pushes, outcomes, marks and closings were all met
