"""`/healthz`: the process is alive. `/readyz`: it can do its work now (200), or why not (503). Both are open to everybody and
say nothing that a stranger may not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from odzew.access.request import App, Receive, Scope, Send, respond
from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.store.db import Database
from odzew.store.migrate import NEWEST

ALIVE: Final = "/healthz"
READY: Final = "/readyz"
PATIENCE: Final = 3.0  # seconds that the database may take to answer

log = structlog.get_logger(__name__)

_HEADERS: Final = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


def create_health(version: str, db: Database, clock: Clock, stopping: Callable[[], bool]) -> App:
    """The ASGI application of `/healthz` and `/readyz`. `stopping` is true once no new work is taken."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            return await respond(send, 405, b"", ((b"allow", b"GET, HEAD"),))
        if scope["path"] == ALIVE:
            return await _say(send, 200, {"status": "alive", "version": version})
        if scope["path"] != READY:
            return await respond(send, 404, b"")
        reason = "stopping" if stopping() else await _trouble(db, clock)
        if reason is None:
            return await _say(send, 200, {"status": "ready"})
        return await _say(send, 503, {"status": "not ready", "reason": reason})

    return app


async def _trouble(db: Database, clock: Clock) -> str | None:
    """Why the database cannot be worked with; None if it can."""
    try:
        async with clock.deadline(PATIENCE):
            found = await db.version()
    except (StoreError, TimeoutError, OSError) as error:
        log.warning("not_ready", error=type(error).__qualname__)
        return "the database does not answer"
    except Exception as error:
        log.error("not_ready", error=type(error).__qualname__)
        return "the database does not answer"
    if found == NEWEST:
        return None
    return "the database awaits a migration" if found < NEWEST else "the database is of a newer version"


async def _say(send: Send, status: int, words: dict[str, str]) -> None:
    await respond(send, status, msgspec.json.encode(words), _HEADERS)
