"""Server processes that are going to be killed: each has a name in the database and a signing secret of its own."""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Generator
from typing import Any, Final

from odzew.clock import Clock
from odzew.store.db import Database, Request, Rows
from proof.network import Network
from proof.server import Server
from proof.stand import EngineName

SETTINGS: Final[dict[EngineName, dict[str, str]]] = {
    "sqlite": {"answer_seconds": "3"},
    # A call never begins with less lease left than it may take.
    "postgres": {"answer_seconds": "1", "lease_seconds": "2", "roles": "ingest,forward"},
}
SECRET: Final = "ODZEW_PROOF_SECRET"
SECRET_KEY: Final = f'secret = "env:{SECRET}"'
GONE_WITHIN: Final = 10.0


class Life:
    """One process. `left`: the deliveries that were owed in the database right after it was killed."""

    def __init__(self, url: str, engine: EngineName, clock: Clock, number: int, chance: random.Random) -> None:
        self.engine = engine
        self.clock = clock
        self.name = f"life-{number}"
        self.key = chance.randbytes(32)
        self.began = clock.monotonic()
        self.killed: float | None = None
        self.cycle = -1
        self.left: frozenset[int] = frozenset()
        self._flow: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        own = url if engine == "sqlite" else f"{url}&application_name={self.name}"
        self.server = Server(own, clock, SETTINGS[engine] | {SECRET.removeprefix("ODZEW_").lower(): secret_of(self.key)})

    async def kill(self, cycle: int) -> None:
        """kill -9, and until the process is gone."""
        await self.server.kill()
        self.killed, self.cycle = self.clock.monotonic(), cycle
        await self.flow_off()

    async def flow_on(self, network: Network, connections: int) -> None:
        """The network pushes to it, if it does not yet."""
        if self._flow is None:
            self._flow = asyncio.create_task(network.push_until(self.server.port, self._stop, connections))

    async def flow_off(self) -> None:
        """The network pushes to it no more."""
        self._stop.set()
        if self._flow is not None:
            await self._flow

    async def forget(self, db: Database) -> None:
        """PostgreSQL: what it had sent may still be committed; waits until its back ends are gone."""
        async with self.clock.deadline(GONE_WITHIN):
            while await db.read(_back_ends, self.name):
                await self.clock.sleep(0.01)


def secret_of(key: bytes) -> str:
    """A key as the text of a secret (contract 5.9)."""
    return "whsec_" + base64.b64encode(key).decode("ascii")


def _back_ends(name: str) -> Generator[Request, Any, int]:
    rows = yield Rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = ?", (name,))
    return int(rows[0][0])
