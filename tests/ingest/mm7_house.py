"""The pull API and the ways in before one database, with sources of the protocol `mm7`; and the requests of tests/corpus/mm7."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from odzew.access.request import App
from odzew.clock import FixedClock
from odzew.ingest.app import create_ingest
from odzew.ingest.contract import Receive
from odzew.store.changes import bump
from odzew.store.db import Database, Many, Request, statement
from odzew.wire import mm7
from odzew.wire.mm7 import Status
from tests.api.house import House as ApiHouse
from tests.api.house import open_house
from tests.builders import a_keyword, a_number
from tests.ingest.asgi import HERE, Answer, call

CORPUS = Path(__file__).parents[1] / "corpus" / "mm7"
NAMES = sorted(path.stem for path in CORPUS.glob("*.http"))

OWN, PREMIUM, SHARED, SMS_ONLY = "+48664078059", "71200", "+48799448855", "+48799448866"
PASSWORD = "tajne"
ENVIRONMENT = {"MM7_PASSWORD": PASSWORD, "EMPTY": ""}

# Name, allow_from, active, options.
SOURCES: tuple[tuple[str, list[str], int, dict[str, object]], ...] = (
    ("mmsc", [], 1, {"username": "vasp", "password": "env:MM7_PASSWORD"}),
    ("literal", [], 1, {"username": "vasp", "password": PASSWORD}),
    ("unicode", [], 1, {"username": "vasp", "password": "zażółć:gęślą"}),
    ("both", ["10.0.0.0/8"], 1, {"username": "vasp", "password": PASSWORD}),
    ("fenced", ["10.0.0.0/8"], 1, {}),
    ("open", [], 1, {}),
    ("nameless", [], 1, {"password": PASSWORD}),
    ("wordless", [], 1, {"username": "vasp"}),
    ("wordless-fenced", ["0.0.0.0/0"], 1, {"username": "vasp", "password": ""}),
    ("unset", ["0.0.0.0/0"], 1, {"username": "vasp", "password": "env:NOT_SET"}),
    ("empty", ["0.0.0.0/0"], 1, {"username": "vasp", "password": "env:EMPTY"}),
    ("off", [], 0, {"username": "vasp", "password": PASSWORD}),
    ("small", [], 1, {"username": "vasp", "password": PASSWORD, "max_bytes": 2000}),
    ("trusted", [], 1, {"username": "vasp", "password": PASSWORD}),
)


def the_sources() -> Generator[Request, Any, None]:
    rows = [
        (name, "mm7", json.dumps(allow), int(name == "trusted"), active, json.dumps(options)) for name, allow, active, options in SOURCES
    ]
    yield Many("INSERT INTO sources (name, protocol, allow_from, trust_time, active, options) VALUES (?, ?, ?, ?, ?, ?)", rows)
    yield from bump("directory")


@dataclass
class House:
    """`api` is the server of the pull API, `app` the ways in."""

    api: ApiHouse
    app: App

    def serving(self, receive: Receive) -> App:
        """The ways in with another `receive` behind them."""
        return create_ingest(lambda: self.api.present.directory, receive, environment=ENVIRONMENT)

    async def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.api.db.read(statement, sql, *parameters)]

    async def pulled(self) -> list[dict[str, Any]]:
        """All messages as the pull API gives them, the oldest first; contents of attachments as octets."""
        answer = await self.api.client.post("/messages/recived.json?order=asc", {})
        items: list[dict[str, Any]] = answer.json["items"]
        for item in items:
            for one in item.get("attachments", ()):
                one["data"] = base64.b64decode(one["data"], validate=True)
        return items


@asynccontextmanager
async def opened(db: Database, clock: FixedClock) -> AsyncIterator[House]:
    """Account 1 has a number of its own and a keyword on a shared and a premium number, all of them for MMS."""
    async with open_house(db, clock) as api:
        await api.set_up(a_number, OWN, "ndi", 1, mms=1)
        for address, service in ((PREMIUM, "pr"), (SHARED, "nd")):
            number = await api.set_up(a_number, address, service, None, mms=1)
            await api.set_up(a_keyword, number, 1, "AUTO", "auto")
        await api.set_up(a_number, SMS_ONLY, "ndi", 1)
        await api.db.write(the_sources)
        await api.present.refresh()
        yield House(api, create_ingest(lambda: api.present.directory, api.inbox.receive, environment=ENVIRONMENT))


def basic(username: str = "vasp", password: str = PASSWORD) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", b"Basic " + base64.b64encode(f"{username}:{password}".encode()))]


async def post(
    app: App,
    body: bytes,
    content_type: str = "text/xml",
    source: str = "mmsc",
    address: str = HERE,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> Answer:
    """One request with the right password, unless `headers` says otherwise."""
    given = basic() if headers is None else headers
    return await call(app, "POST", f"/ingest/{source}", body, [*given, (b"content-type", content_type.encode())], address)


def status_of(answer: Answer) -> tuple[str, str, int]:
    """Kind, transaction and code of an MM7 answer."""
    envelope = mm7.read(answer.body)
    assert isinstance(envelope.body, Status)
    return envelope.kind, envelope.transaction, envelope.body.code


def octets(name: str) -> bytes:
    """A request of the corpus as it goes over the wire."""
    return (CORPUS / f"{name}.http").read_bytes()


def request(name: str) -> tuple[bytes, str]:
    """Body and content type of a request of the corpus."""
    head, _, body = octets(name).partition(b"\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return body, lines.get("Content-Type", "")
