"""A real database and inbox with two sources before them, and what is needed to look at what was stored."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from odzew.access.request import App
from odzew.access.tokens import hash_token
from odzew.inbox.receive import Inbox
from odzew.ingest.app import create_ingest
from odzew.ingest.contract import Receive
from odzew.model import Arrival, Receipt
from odzew.store.changes import bump
from odzew.store.db import Database, Many, Request, Rows, statement
from odzew.store.directory import Present
from tests.ingest.asgi import Answer, call, with_token

TOKEN = "0123456789abcdef0123456789abcdef"
KANNEL_TOKEN = "aabbccddeeff00112233445566778899"  # the one of the captured requests
ND = "+48799448855"

# Name, protocol, token, allow_from, trust_time, active.
SOURCES: tuple[tuple[str, str, str | None, list[str], int, int], ...] = (
    ("push", "http", TOKEN, [], 0, 1),
    ("trusted", "http", TOKEN, [], 1, 1),
    ("fenced", "http", TOKEN, ["10.0.0.0/8"], 0, 1),
    ("off", "http", TOKEN, [], 0, 0),
    ("bare", "http", None, [], 0, 1),
    ("carrier", "smpp", TOKEN, [], 0, 1),
    ("kannel", "kannel", KANNEL_TOKEN, [], 0, 1),
)


def set_up() -> Generator[Request, Any, None]:
    """Account 1 owns the keyword AUTO on a shared number and a number of its own that takes MMS."""
    yield Rows("INSERT INTO accounts (id, name) VALUES (1, 'acme')")
    yield Many(
        "INSERT INTO numbers (id, address, service, account_id, mms) VALUES (?, ?, ?, ?, ?)",
        [(1, ND, "nd", None, 0), (2, "+48664078059", "ndi", 1, 1)],
    )
    yield Rows("INSERT INTO keywords (number_id, account_id, word, words) VALUES (1, 1, 'AUTO', 'auto')")
    rows = [
        (name, protocol, None if token is None else hash_token(token), json.dumps(allow), trust, active)
        for name, protocol, token, allow, trust, active in SOURCES
    ]
    yield Many("INSERT INTO sources (name, protocol, token_sha256, allow_from, trust_time, active) VALUES (?, ?, ?, ?, ?, ?)", rows)
    yield Rows("INSERT INTO installation (name, value) VALUES ('trusted_proxies', '[\"198.51.100.0/24\"]')")
    yield from bump("directory")


@dataclass
class House:
    """`app` is the application under test, `inbox` the real one behind it."""

    db: Database
    present: Present
    inbox: Inbox
    app: App

    def serving(self, receive: Receive) -> App:
        """The application with another `receive` behind it."""
        return create_ingest(lambda: self.present.directory, receive)

    async def push(self, body: object, source: str = "push") -> Answer:
        """Pushes JSON (given octets go as they are) with the right token."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await call(self.app, "POST", f"/ingest/{source}", octets, with_token(TOKEN))

    async def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        found: list[Sequence[Any]] = await self.db.read(statement, sql, *parameters)
        return [tuple(row) for row in found]

    async def one(self, sql: str, *parameters: Any) -> tuple[Any, ...]:
        (row,) = await self.rows(sql, *parameters)
        return row


async def open_house(db: Database) -> House:
    await db.write(set_up)
    present = Present(db)
    await present.refresh()
    inbox = Inbox(db, present, lambda received: None)
    return House(db, present, inbox, create_ingest(lambda: present.directory, inbox.receive))


class Recorder:
    """A store in memory: what it was brought, and receipts that count up. `fault` is raised instead, as a real one would."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.arrivals: list[Arrival] = []

    async def receive(self, arrivals: list[Arrival]) -> list[Receipt]:
        if self.fault is not None:
            raise self.fault
        self.arrivals += arrivals
        return [Receipt(len(self.arrivals) - len(arrivals) + n, "nd") for n in range(1, len(arrivals) + 1)]
