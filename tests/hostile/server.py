"""The whole product in this process, composed as `odzew serve` composes it, and raw requests to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from odzew.access.passwords import Cost, hash_password
from odzew.access.tokens import make_token
from odzew.clock import Clock
from odzew.serve import Server
from odzew.settings import read
from odzew.setup.apply import apply
from odzew.setup.document import read_file
from odzew.store.db import statement
from odzew.store.engines import open_database
from tests.api.client import Answer, Client

API, OPERATOR, PUSH, KANNEL = (digit + "123456789abcdef0123456789abcdef" for digit in "0123")
PASSWORD = "planted-password"
PLANTED = "planted-text"
TABLES = ("messages", "arrivals", "deliveries", "attempts", "contacts", "blacklist", "sent")

_SETUP = f"""
[[account]]
name = "acme"
  [[account.token]]
  name = "crm"
  value = "{API}"
  [[account.user]]
  login = "webapi_acme"
  password = "{PASSWORD}"
  roles = ["api", "numbers"]
[[operator_token]]
name = "sent"
value = "{OPERATOR}"
[[number]]
address = "+48664078059"
service = "ndi"
account = "acme"
mms = true
[[source]]
name = "push"
protocol = "http"
token = "{PUSH}"
[[source]]
name = "kannel"
protocol = "kannel"
token = "{KANNEL}"
"""


@dataclass
class Product:
    """The running server, and what a test may look into."""

    server: Server
    client: Client

    async def call(self, path: str, body: object = b"", token: str = API) -> Answer:
        return await self.client.post(path, body, {"Authorization": f"Bearer {token}"})

    async def honest(self) -> None:
        """An honest push is taken and an honest poll is answered."""
        pushed = await self.call("/ingest/push", {"from": "+48500600700", "to": "+48664078059", "text": "TAK"}, PUSH)
        assert pushed.json["items"][0]["kind"] == "ndi"
        assert (await self.call("/messages/recived", {"limit": 1, "order": "desc"})).json["items"][0]["text"] == "TAK"

    async def counts(self) -> dict[str, int]:
        """Rows of each table that hostile input might change."""
        return {table: (await self.server.db.read(statement, f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}


@asynccontextmanager
async def running(url: str, folder: Path, clock: Clock, **settings: str) -> AsyncIterator[Product]:
    """Sets up, starts, yields and stops."""
    file = folder / "setup.toml"
    file.write_text(_SETUP)
    db = open_database(url, clock)
    await db.migrate()
    await apply(read_file(file, {}), db, hash_password=lambda word: hash_password(word, Cost(8, 1, 1)), make_token=make_token)
    await db.close()
    server = Server(read({"db": url, "listen": "127.0.0.1:0", "log_level": "debug", "log_access": "yes"} | settings, {}), clock, {})
    await server.start()
    try:
        yield Product(server, Client(server.addresses[0][1]))
    finally:
        await server.stop()


async def talk(port: int, *pieces: bytes) -> bytes:
    """Sends each piece and reads until the server ends the connection, however it does."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while chunk := await reader.read(65_536):
            answer += chunk
    except ConnectionError:
        pass
    finally:
        writer.close()
    return answer


def head(path: str, *lines: str, token: str = API, version: str = "1.1") -> bytes:
    """The head of a POST with a token."""
    return "\r\n".join([f"POST {path} HTTP/{version}", "Host: here", f"Authorization: Bearer {token}", *lines, "", ""]).encode("latin-1")


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
