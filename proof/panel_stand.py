"""The set-up of the panel's proofs, and somebody who is logged in and asks for pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import asyncpg

from odzew.clock import Clock
from odzew.store.directory import Present
from proof import words
from proof.http import Connection, Reply
from proof.panel_past import PanelPast, make
from proof.past import analyzed
from proof.stand import EngineName, opened, prepare

LOGIN: Final = "anna@account1.example"
OPERATOR: Final = "ops@operator.example"
PASSWORD: Final = "correct horse battery"
CLIENT: Final = "http://127.0.0.1:9"
USERS: Final = f"""[[account.user]]
login = "{LOGIN}"
password = "{PASSWORD}"
roles = ["panel", "owner", "numbers"]
"""
STAFF: Final = f"""[[operator]]
login = "{OPERATOR}"
password = "{PASSWORD}"
"""
_csrf = re.compile(rb'name="csrf" value="([0-9a-f]{64})"').search
_cookie = re.compile(rb"\r\nset-cookie: ([^=]+)=([^;\r]*)", re.IGNORECASE).findall


def setup_text() -> str:
    """One account with a user of the panel, and an operator."""
    text = words.setup_text(1, CLIENT, 1)
    return STAFF + text.replace("[[account.token]]", f"{USERS}[[account.token]]", 1)


async def fill(engine: EngineName, url: str, place: Path, past: PanelPast, clock: Clock) -> None:
    """An empty database, filled."""
    await prepare(url, place, setup_text())
    async with opened(url) as db:
        present = Present(db)
        await present.refresh()
        await make(db, past, present.directory, clock)
    await analyzed(engine, url)
    if engine == "postgres":  # what its own autovacuum would do within minutes
        connection = await asyncpg.connect(url)
        await connection.execute("VACUUM (ANALYZE) inbox_words, inbox_index, contacts, message_hours")
        await connection.close()


class Visitor:
    """Somebody with a browser on one kept connection: `async with Visitor(port, LOGIN) as visitor`."""

    def __init__(self, port: int, login: str) -> None:
        self._connection = Connection(port)
        self._login = login
        self._cookies: dict[bytes, bytes] = {}

    async def __aenter__(self) -> Visitor:
        await self._connection.__aenter__()
        asked = await self.get("/login")
        found = _csrf(asked.body)
        assert found is not None
        body = urlencode({"csrf": found[1].decode(), "login": self._login, "password": PASSWORD}).encode()
        answer = await self._exchange(b"POST", "/login", body)
        if answer.status != 303:
            raise AssertionError(answer)
        return self

    async def __aexit__(self, *_fault: object) -> None:
        self._connection.close()

    async def get(self, path: str, partial: bool = False) -> Reply:
        """A page behind `/panel`; `partial`: as htmx asks for a part."""
        return await self._exchange(b"GET", path, b"", b"HX-Request: true\r\n" if partial else b"")

    async def _exchange(self, method: bytes, path: str, body: bytes, more: bytes = b"") -> Reply:
        cookies = b"; ".join(name + b"=" + value for name, value in self._cookies.items())
        head = b"%b /panel%b HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %b\r\n%b" % (method, path.encode(), cookies, more)
        head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body)
        reply = await self._connection.exchange(head + body)
        self._cookies.update(_cookie(reply.head))
        return reply
