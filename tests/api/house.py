"""A real server on the loopback interface, with a real database, inbox and gate behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from odzew.access.passwords import Cost, Verifier
from odzew.access.rights import Gate
from odzew.access.throttle import Throttle
from odzew.api.app import Api, create_api
from odzew.api.call import Limits
from odzew.api.connection import Connection
from odzew.clock import FixedClock
from odzew.inbox.batch import Received
from odzew.inbox.freshness import Freshness
from odzew.inbox.read import Reader
from odzew.inbox.receive import Inbox
from odzew.store.db import Database, MakeUnit
from odzew.store.directory import Present
from tests.api.client import Client
from tests.builders import a_token, an_account, unread_ids

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)


@dataclass
class House:
    """What a test of the API may look into."""

    db: Database
    clock: FixedClock
    present: Present
    inbox: Inbox
    freshness: Freshness
    reader: Reader
    app: Api
    client: Client

    async def set_up(self, unit: MakeUnit, *args: Any, **columns: Any) -> int:
        """Runs a unit of `tests.builders` that changes the directory, and lets the server see it."""
        key: int = await self.db.write(lambda: unit(*args, **columns))
        await self.present.refresh()
        return key

    async def unread(self) -> list[int]:
        """Ids without a read mark, once everything in the background has ended."""
        await self.reader.settled()
        ids: list[int] = await self.db.read(unread_ids)
        return ids


@asynccontextmanager
async def open_house(
    db: Database, clock: FixedClock, limits: Limits | None = None, throttle: Throttle | None = None
) -> AsyncIterator[House]:
    """An account 1 with the token of the builders, and a server that answers for it."""
    present = Present(db)
    freshness = Freshness(db.shared)

    def stored(received: Received) -> None:
        freshness.touch({message.account_id for message in received.messages if message.account_id is not None})

    inbox = Inbox(db, present, stored)
    reader = Reader(db, clock, freshness, "test")
    verifier = Verifier(clock, CHEAP)
    gate = Gate(lambda: present.directory, verifier, throttle or Throttle(clock))
    app = create_api(
        db=db, reader=reader, gate=gate, directory=lambda: present.directory, receive=inbox.receive, clock=clock, limits=limits
    )
    async with listening(app) as port:
        house = House(db, clock, present, inbox, freshness, reader, app, Client(port))
        account = await house.set_up(an_account)
        await house.set_up(a_token, account)
        yield house
        await inbox.close()
        await reader.close()
    verifier.close()


@asynccontextmanager
async def listening(app: Any, certificate: str | None = None, send_buffer: int | None = None) -> AsyncIterator[int]:
    """Runs an ASGI application with uvicorn in the test's own loop; gives its port.

    `certificate`: a file with its key, for TLS. `send_buffer`: octets that the kernel takes for each connection, about.
    """
    config = uvicorn.Config(
        app, port=0, http=Connection, proxy_headers=False, lifespan="off", log_config=None, access_log=False, ssl_certfile=certificate
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    if send_buffer is not None:
        server.servers[0].sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)  # connections inherit it
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        # uvicorn's own shutdown waits by the clock of the machine.
        for listener in server.servers:
            listener.close()
        for task in server.server_state.tasks:
            task.cancel()
        await asyncio.gather(*server.server_state.tasks, return_exceptions=True)
        for connection in list(server.server_state.connections):
            connection.shutdown()
