"""`/ingest/<source>`: who may bring messages, how much at once, and what a source is told when it cannot be served.

The answers: 401 unknown source, inactive source or wrong credentials (never told apart) · 403 address · 405 method · 413 body ·
503 + Retry-After whenever nothing was stored for a reason of ours. What is inside the body is judged by the protocol.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from odzew.access.addresses import allowed
from odzew.access.request import App, BodyTooLarge, CallerGone, Scope, Send, address_of, bearer, read_body, respond
from odzew.access.request import Receive as Events
from odzew.access.rights import source_token
from odzew.errors import Busy, NumberError, OdzewError
from odzew.ingest.contract import Answer, Ingest, Receive, Request, error_answer
from odzew.ingest.table import ingest_of
from odzew.ingest.tally import Tallies
from odzew.model import Arrival, Receipt, Source
from odzew.store.directory import Directory
from odzew.wire import msisdn

PREFIX: Final = "/ingest/"
BODY_LIMIT: Final = 16 * 1024 * 1024
RETRY_AFTER: Final = 5  # seconds; a Busy says its own

log = structlog.get_logger(__name__)

# Both ways to show who one is, for each caller looks for its own: many MMSCs present a password only when they are asked for it.
_CHALLENGES: Final = ((b"www-authenticate", b"Bearer"), (b"www-authenticate", b'Basic realm="odzew"'))
_WRONG: Final = error_answer(401, 1001, "unknown source or wrong credentials", *_CHALLENGES)


def create_ingest(
    directory: Callable[[], Directory],
    receive: Receive,
    country: str = "PL",
    body_limit: int = BODY_LIMIT,
    environment: Mapping[str, str] = os.environ,
    tallies: Tallies | None = None,
) -> App:
    """The ASGI application of all sources, mounted at `/ingest/` with the whole path in its scope.

    `directory` gives the present directory at each call; `body_limit` is in octets; `environment` has the passwords of `env:NAME`;
    `tallies` are told what each source brings.
    """

    async def app(scope: Scope, events: Events, send: Send) -> None:
        present = directory()
        found = _source(present, scope)
        answer = _refusal(*found, scope, present, environment) if found else _WRONG
        if found and answer is None:
            source, ingest = found
            try:
                limit, headers = ingest.body_limit(source, body_limit), scope["headers"]
                body = await read_body(headers, events, limit, ingest.before(headers))
            except BodyTooLarge as error:
                answer = ingest.refuse(413, 1006, str(error), (), None)
            except Busy as error:
                answer = _not_now(ingest, error, None)
            except CallerGone:
                return
            else:
                knows = _knows(present, country)
                request = Request(scope["method"], scope["query_string"], headers, body, knows)
                del body  # it may be large: only the request holds it from here on
                taken = receive if tallies is None else _counted(source, receive, tallies)
                answer = await _handled(source, ingest, request, taken, country)
        assert answer is not None
        if found and tallies is not None and answer.status >= 400:
            tallies.refused(found[0].id, answer.status)
        await respond(send, answer.status, answer.body, answer.headers)

    return app


def _counted(source: Source, receive: Receive, tallies: Tallies) -> Receive:
    async def counted(arrivals: list[Arrival]) -> list[Receipt]:
        receipts = await receive(arrivals)
        tallies.brought(source.id, receipts)
        return receipts

    return counted


def _knows(directory: Directory, country: str) -> Callable[[str], bool]:
    def knows(address: str) -> bool:
        try:
            return msisdn.sender(address, country) in directory.numbers
        except NumberError:
            return False

    return knows


def _source(directory: Directory, scope: Scope) -> tuple[Source, Ingest] | None:
    source = directory.sources.get(scope["path"].removeprefix(PREFIX))
    ingest = None if source is None or not source.active else ingest_of(source.protocol)
    return None if source is None or ingest is None else (source, ingest)


def _refusal(source: Source, ingest: Ingest, scope: Scope, directory: Directory, environment: Mapping[str, str]) -> Answer | None:
    """Why the request may not come in; None if it may. Nothing of its body has been read yet."""
    if not _admitted(source, ingest, scope, environment):
        return _WRONG
    if source.allow_from and not allowed(address_of(scope, directory.installation.get("trusted_proxies", ())), source.allow_from):
        return ingest.refuse(403, 1003, "", (), None)
    if scope["method"] not in ingest.methods:
        allow = ", ".join(ingest.methods)
        return ingest.refuse(405, 1000, f"this source takes {allow}", ((b"allow", allow.encode("ascii")),), None)
    return None


def _admitted(source: Source, ingest: Ingest, scope: Scope, environment: Mapping[str, str]) -> bool:
    if ingest.admits is not None:
        return ingest.admits(source, scope["headers"], environment)
    presented = bearer(scope["headers"])
    if presented is None:
        presented = ingest.token_of_query(scope["query_string"])
    return source_token(source, presented)


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
        return _not_now(ingest, error, request)


def _not_now(ingest: Ingest, error: Exception, request: Request | None) -> Answer:
    seconds = str(getattr(error, "retry_after", RETRY_AFTER)).encode("ascii")
    return ingest.refuse(503, 1006, "not stored, bring it again later", ((b"retry-after", seconds),), request)
