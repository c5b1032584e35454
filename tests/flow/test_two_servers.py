"""Two server processes on one PostgreSQL share the work: both receive, answer and forward; what one held the other takes over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from odzew.clock import Clock
from proof import words
from proof.drain import drain
from proof.http import Connection, push
from proof.server import Server
from proof.sink import Called, Sink
from proof.stand import prepare
from tests.flow.conftest import Start


class Url:
    """A client's URL that says when a message has come."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._called = asyncio.Event()
        self.sink = Sink(clock, told=self._told)
        self.ids: list[int] = []

    def _told(self, called: Called) -> None:
        self.ids.append(called.message_id)
        self._called.set()

    async def got(self, message_id: int, within: float = 20.0) -> bool:
        async with self._clock.deadline(within):
            while message_id not in self.ids:
                self._called.clear()
                await self._called.wait()
        return True


@pytest.fixture
async def client(real_clock: Clock) -> AsyncIterator[Url]:
    found = Url(real_clock)
    await found.sink.start()
    yield found
    await found.sink.stop()


async def _push(server: Server, text: str) -> int:
    async with Connection(server.port) as connection:
        reply = await connection.exchange(push({"from": "+48500600700", "to": words.own_number(1), "text": text}))
    assert reply.status == 200
    key: int = reply.json()["items"][0]["id"]
    return key


async def test_what_a_dead_one_held_the_other_takes_over(
    pg_database: str, tmp_path: Path, real_clock: Clock, start: Start, client: Url
) -> None:
    await prepare(pg_database, tmp_path, words.setup_text(1, client.sink.url, 1))
    first = await start(pg_database)
    second = await start(pg_database)
    pushed = [await _push(server, f"push {number}") for number in range(5) for server in (first, second)]
    for key in pushed:
        assert await client.got(key)
    pid = first.pid
    await first.kill()
    pushed.append(await _push(second, "after the kill"))
    # What fifteen seconds would do: the dead process's leases run out. The proof `kills` waits for it in real time.
    operator = await asyncpg.connect(pg_database)
    await operator.execute("UPDATE leases SET expires_at = 0 WHERE owner LIKE $1", f"%-{pid}-%")
    await operator.close()
    assert await client.got(pushed[-1])
    seen = await drain(second.port)
    assert sorted(seen) == sorted(pushed)
    assert set(seen.values()) == {1}
    assert set(client.ids) == set(pushed)
    assert client.ids.count(pushed[-1]) == 1  # the others may have been in flight at the kill


async def test_a_server_that_stops_hands_forwarding_over(
    pg_database: str, tmp_path: Path, real_clock: Clock, start: Start, client: Url
) -> None:
    await prepare(pg_database, tmp_path, words.setup_text(1, client.sink.url, 1))
    first = await start(pg_database)
    second = await start(pg_database)
    assert await first.stop() == 0
    key = await _push(second, "after the stop")
    assert await client.got(key, within=14.0)  # sooner than a lease runs out: it was given back
    assert client.ids == [key]
