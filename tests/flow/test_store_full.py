"""A store that is full or away: 503 with Retry-After, nothing half-stored, and afterwards everything goes on by itself."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import asyncpg

from odzew.clock import Clock
from proof import words
from proof.drain import drain
from proof.http import Connection, Reply, push
from proof.stand import prepare, wal_octets
from tests.flow.conftest import Start


def _items(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"from": "+48500600700", "to": words.own_number(1), "text": f"message {n} " + "x" * 1_000, "id": f"m{n}"}
        for n in range(first, first + count)
    ]


async def _taken(connection: Connection, clock: Clock, items: list[dict[str, Any]]) -> Reply:
    """Pushes until it is taken, as a network does that is told to come again."""
    async with clock.deadline(20.0):
        while (reply := await connection.exchange(push(items))).status == 503:
            await clock.sleep(0.05)
    return reply


async def _name(database: str) -> str:
    connection = await asyncpg.connect(database)
    name: str = await connection.fetchval("SELECT current_database()")
    await connection.close()
    return name


async def test_a_disk_that_takes_no_more(tmp_path: Path, real_clock: Clock, start: Start) -> None:
    url = f"sqlite:///{tmp_path / 'odzew.db'}"
    await prepare(url, tmp_path, words.setup_text())
    server = await start(url)
    async with Connection(server.port) as connection:
        assert (await connection.exchange(push(_items(1, 5)))).status == 200
        largest = wal_octets(url) + 16_384  # not even the first pages of the next push fit
        unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
        for _ in range(3):
            refused = await connection.exchange(push(_items(6, 500)))
            assert refused.status == 503
            assert refused.retry_after is not None
        assert server.runs
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
        taken = await _taken(connection, real_clock, _items(6, 500))
    assert taken.status == 200
    assert [item for item in taken.json()["items"] if "duplicate" in item] == []  # so nothing of it was stored before
    seen = await drain(server.port)
    assert len(seen) == 505
    assert set(seen.values()) == {1}


async def test_a_database_server_that_is_away(pg_server: str, pg_database: str, tmp_path: Path, real_clock: Clock, start: Start) -> None:
    await prepare(pg_database, tmp_path, words.setup_text())
    server = await start(pg_database)
    name = await _name(pg_database)
    operator = await asyncpg.connect(pg_server)
    async with Connection(server.port) as connection:
        assert (await connection.exchange(push(_items(1, 5)))).status == 200
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        for _ in range(3):
            refused = await connection.exchange(push(_items(6, 500)))
            assert refused.status == 503
            assert refused.retry_after is not None
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        taken = await _taken(connection, real_clock, _items(6, 500))
    await operator.close()
    assert [item for item in taken.json()["items"] if "duplicate" in item] == []
    seen = await drain(server.port)
    assert len(seen) == 505
    assert set(seen.values()) == {1}
