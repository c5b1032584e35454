"""A whole server on the loopback interface, set up from a text as a reader of the pages would."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import structlog

from odzew.access.passwords import Cost, hash_password
from odzew.access.tokens import make_token
from odzew.clock import Clock, FixedClock
from odzew.model import Attempt, Owed
from odzew.serve import Server
from odzew.settings import read
from odzew.setup.apply import apply
from odzew.setup.document import read_document
from odzew.store.deliveries import Result
from odzew.store.engines import open_database
from tests.databases import migrated_file

PATIENCE = 30.0  # seconds until a test gives up
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def environment_of(text: str) -> dict[str, str]:
    """A value for each variable that a set-up file names: a secret where its name says so, else 32 hexadecimal digits."""
    names = set(re.findall(r'"env:(\w+)"', text))
    return {name: SECRET if "SECRET" in name else hashlib.sha256(name.encode()).hexdigest()[:32] for name in names}


class House:
    """The server and what it has done."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.results: list[tuple[Attempt, Result]] = []
        self._moved = asyncio.Event()
        server.on_attempt.append(self._attempted)

    @property
    def port(self) -> int:
        return self.server.addresses[0][1]

    async def attempts(self, count: int) -> list[tuple[Attempt, Result]]:
        """Waits until so many calls to clients' URLs have ended."""
        clock = Clock()
        while len(self.results) < count:
            self._moved.clear()
            assert await clock.wait(self._moved, PATIENCE), f"only {len(self.results)} of {count} calls were made"
        return self.results

    def _attempted(self, owed: Owed, attempt: Attempt, result: Result) -> None:
        self.results.append((attempt, result))
        self._moved.set()


@asynccontextmanager
async def serving(path: Path, environment: dict[str, str]) -> AsyncIterator[House]:
    """A server over the SQLite database at `path`. Its clock stands still at the present."""
    before, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    settings = read({"db": f"sqlite:///{path}", "listen": ["127.0.0.1:0"]}, environment={})
    house = House(Server(settings, FixedClock(Clock().now()), environment))
    await house.server.start()
    try:
        yield house
    finally:
        await house.server.stop()
        # It logs to the standard error that pytest closes after this test; the tests that follow have theirs.
        structlog.configure(**before)
        logging.getLogger().handlers = handlers


async def set_up(path: Path, text: str, environment: dict[str, str]) -> None:
    """Makes the database and applies a set-up file to it."""
    db = open_database(f"sqlite:///{migrated_file(path)}", Clock())
    try:
        cheap = Cost(memory_kib=8, passes=1, lanes=1)
        document = read_document(text.encode(), environment)
        await apply(document, db, hash_password=lambda password: hash_password(password, cheap), make_token=make_token)
    finally:
        await db.close()


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a test has its own words."""


@contextmanager
def wsgi(application: Callable[..., Any]) -> Iterator[int]:
    """Serves a WSGI application on 127.0.0.1 in a thread; gives its port."""
    with make_server("127.0.0.1", 0, application, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
