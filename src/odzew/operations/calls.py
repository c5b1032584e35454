"""The operator's calls that ask or order something: `GET /operator/why/<id>` and `POST /operator/resend` (docs/deliveries.md).

Each is let in by an operator's token and answers JSON; what is wrong is told in the envelope of the pull API's errors.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

import msgspec
import structlog

from odzew.access.request import App, BodyTooLarge, CallerGone, Receive, Scope, Send, address_of, bearer, read_body, respond
from odzew.access.rights import Gate
from odzew.errors import Busy, ContractError, NotOurs, OdzewError, SettingError
from odzew.operations.resend import LARGEST, read_order, send_again
from odzew.operations.why import MeaningOf, why, why_arrival
from odzew.store.db import Database
from odzew.store.directory import Directory
from odzew.wire import published

BODY_LIMIT: Final = 1 << 20
RETRY_AFTER: Final = b"5"
WHY: Final = "why"
RESEND: Final = "resend"

log = structlog.get_logger(__name__)

Answer = Callable[[Scope, Receive], Awaitable[Any]]
"""Makes the JSON of an answer. SettingError: 400; NotOurs: 404."""

_JSON: Final = (b"content-type", b"application/json")
_NO_STORE: Final = (b"cache-control", b"no-store")


def create_calls(gate: Gate, directory: Callable[[], Directory], db: Database, meaning_of: MeaningOf, sent: App) -> App:
    """The ASGI application of `/operator/...`. `meaning_of` says an outcome in words; `sent` answers every other path."""

    async def ask(scope: Scope, _receive: Receive) -> Any:
        words = [word for word in scope["path"].split("/") if word][2:]
        if len(words) == 2 and words[0] == "arrival":
            return asdict(await why_arrival(db, _id(words[1]), meaning_of, directory()))
        if len(words) == 1:
            return asdict(await why(db, _id(words[0]), meaning_of, directory()))
        raise NotOurs("use /operator/why/<message id> or /operator/why/arrival/<arrival id>")

    async def order(scope: Scope, receive: Receive) -> Any:
        try:
            values = msgspec.json.decode(await read_body(scope["headers"], receive, BODY_LIMIT))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise SettingError("the body must be a JSON object") from None
        if not isinstance(values, dict):
            raise SettingError("the body must be a JSON object")
        wanted = read_order(values, directory())
        return asdict(await send_again(db, wanted)) | {"dry_run": wanted.dry_run}

    calls: Mapping[str, tuple[str, Answer]] = {WHY: ("GET", ask), RESEND: ("POST", order)}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        call = calls.get(scope["path"].strip("/").partition("/")[2].partition("/")[0])
        if call is None:
            return await sent(scope, receive, send)
        method, answer = call
        try:
            gate.operator(bearer(scope["headers"]), address_of(scope, directory().installation.get("trusted_proxies", ())))
            if scope["method"] != method:
                return await _refuse(send, 405, 1000, f"{method} only", (b"allow", method.encode("ascii")))
            body = msgspec.json.encode(await answer(scope, receive))
        except CallerGone:
            return None
        except Exception as error:
            return await _failed(send, error)
        return await respond(send, 200, body, (_JSON, _NO_STORE))

    return app


def _id(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= LARGEST:
        return int(text)
    raise SettingError("an id is a whole number from 1 up")


async def _failed(send: Send, error: Exception) -> None:
    if isinstance(error, ContractError):
        wrong = error.code == 1001
        return await _refuse(send, 401 if wrong else 403, error.code, "", *([(b"www-authenticate", b"Bearer")] if wrong else []))
    for kind, status, code in ((BodyTooLarge, 413, 1006), (SettingError, 400, 1006), (NotOurs, 404, 1004)):
        if isinstance(error, kind):
            return await _refuse(send, status, code, str(error))
    if not (isinstance(error, OdzewError) and error.temporary):
        # Where it happened, and never its words: those of a driver may quote a message.
        places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        log.error("operator_failed", error=type(error).__qualname__, where=places)
    await _refuse(send, 429 if isinstance(error, Busy) else 503, 1006, "not done, ask again later", (b"retry-after", RETRY_AFTER))


async def _refuse(send: Send, status: int, code: int, message: str = "", *headers: tuple[bytes, bytes]) -> None:
    words = {"code": code, "type": published.ERRORS[code].type, "message": message or published.error_text(code, "en")}
    await respond(send, status, msgspec.json.encode({"error": words}), (_JSON, *headers))
