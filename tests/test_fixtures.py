"""The fixtures that the other tests stand on."""

from __future__ import annotations

import asyncpg
import pytest

from odzew.clock import SECOND, FixedClock


def test_the_clock_stands_still_until_advanced(clock: FixedClock) -> None:
    before = clock.now()
    clock.advance(1.5)
    assert clock.now() - before == SECOND * 3 // 2


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_database_of_its_own(pg_database: str, turn: int) -> None:
    connection = await asyncpg.connect(pg_database)
    try:
        await connection.execute("CREATE TABLE only_once (id int)")
        assert await connection.fetchval("SELECT count(*) FROM only_once") == 0
    finally:
        await connection.close()


async def test_the_server_is_as_durable_as_it_must_be(pg_database: str) -> None:
    connection = await asyncpg.connect(pg_database)
    try:
        assert [await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]
        assert await connection.fetchval("SHOW listen_addresses") == ""
    finally:
        await connection.close()


async def test_a_database_is_dropped_though_somebody_is_connected(pg_server: str, pg_database: str) -> None:
    still_there = await asyncpg.connect(pg_database)
    admin = await asyncpg.connect(pg_server)
    try:
        name = await still_there.fetchval("SELECT current_database()")
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await still_there.fetchval("SELECT 1")
    finally:
        await admin.close()
        still_there.terminate()
