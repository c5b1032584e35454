"""`/ingest/<source>`: who may bring messages, how much at once, and what a source is told when it cannot be served.

The answers: 401 unknown source, inactive source or wrong token (never told apart) · 403 address · 405 method · 413 body ·
503 + Retry-After whenever nothing was stored for a reason of ours. What is inside the body is judged by the protocol.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Final

import structlog

from odzew.access.addresses import allowed
from odzew.access.request import App, BodyTooLarge, CallerGone, Scope, Send, address_of, bearer, read_body, respond
from odzew.access.request import Receive as Events
from odzew.access.rights import source_token
from odzew.errors import Busy, OdzewError
from odzew.ingest.contract import Answer, Ingest, Receive, Request, error_answer
from odzew.ingest.table import ingest_of
from odzew.model import Source
from odzew.store.directory import Directory

PREFIX: Final = "/ingest/"
BODY_LIMIT: Final = 16 * 1024 * 1024
RETRY_AFTER: Final = 5  # seconds; a Busy says its own

log = structlog.get_logger(__name__)

_WRONG_TOKEN: Final = error_answer(401, 1001, "unknown source or wrong token", (b"www-authenticate", b"Bearer"))
_WRONG_ADDRESS: Final = error_answer(403, 1003)


def create_ingest(directory: Callable[[], Directory], receive: Receive, country: str = "PL", body_limit: int = BODY_LIMIT) -> App:
    """The ASGI application of all sources, mounted at `/ingest/` with the whole path in its scope.

    `directory` gives the present directory at each call; `body_limit` is in octets.
    """

    async def app(scope: Scope, events: Events, send: Send) -> None:
        present = directory()
        found = _source(present, scope)
        answer = _refusal(*found, scope, present) if found else _WRONG_TOKEN
        if found and answer is None:
            try:
                body = await read_body(scope["headers"], events, body_limit)
            except BodyTooLarge as error:
                answer = error_answer(413, 1006, str(error))
            except Busy as error:
                answer = _not_now(error)
            except CallerGone:
                return
            else:
                request = Request(scope["method"], scope["query_string"], scope["headers"], body)
                answer = await _handled(*found, request, receive, country)
        assert answer is not None
        await respond(send, answer.status, answer.body, answer.headers)

    return app


def _source(directory: Directory, scope: Scope) -> tuple[Source, Ingest] | None:
    source = directory.sources.get(scope["path"].removeprefix(PREFIX))
    ingest = None if source is None or not source.active else ingest_of(source.protocol)
    return None if source is None or ingest is None else (source, ingest)


def _refusal(source: Source, ingest: Ingest, scope: Scope, directory: Directory) -> Answer | None:
    """Why the request may not come in; None if it may. Nothing of its body has been read yet."""
    presented = bearer(scope["headers"])
    if presented is None:
        presented = ingest.token_of_query(scope["query_string"])
    if not source_token(source, presented):
        return _WRONG_TOKEN
    if source.allow_from and not allowed(address_of(scope, directory.installation.get("trusted_proxies", ())), source.allow_from):
        return _WRONG_ADDRESS
    if scope["method"] not in ingest.methods:
        allow = ", ".join(ingest.methods)
        return error_answer(405, 1000, f"this source takes {allow}", (b"allow", allow.encode("ascii")))
    return None


async def _handled(source: Source, ingest: Ingest, request: Request, receive: Receive, country: str) -> Answer:
    try:
        return await ingest.handle(source, request, receive, country)
    except Exception as error:  # whatever it is, the source keeps its message and brings it again
        temporary = isinstance(error, OdzewError) and error.temporary
        if temporary:
            log.warning("ingest_refused", source=source.name, reason=str(error))
        else:
            # Where it happened, and never its words: those of a driver or a codec may quote the message.
            places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            log.error("ingest_failed", source=source.name, error=type(error).__qualname__, where=places)
        return _not_now(error)


def _not_now(error: Exception) -> Answer:
    seconds = str(getattr(error, "retry_after", RETRY_AFTER)).encode("ascii")
    return error_answer(503, 1006, "not stored, bring it again later", (b"retry-after", seconds))
