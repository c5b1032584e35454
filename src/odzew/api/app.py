"""The pull API as an ASGI application.

Every answer of the API has status 200, an error too (contract 1). Other statuses are for what never reached it: 413 for a body
that is too large, 429 for too many at once, 503 where the database is away or something unforeseen happened. An error in
mid-answer breaks the connection: an answer that ends well is complete.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from odzew.access.request import BodyTooLarge, CallerGone, Receive, Scope, Send, address_of, bearer, read_body
from odzew.access.rights import Credential, Gate, Refused
from odzew.api.answers import Answer, Whole
from odzew.api.call import Call, Limits, Services
from odzew.api.errors import envelope, page
from odzew.api.params import Parameters, read_fields
from odzew.api.response import Responder, plain
from odzew.api.routes import Route, route_of
from odzew.clock import Clock
from odzew.errors import Busy, ContractError, StoreError
from odzew.inbox.read import Reader
from odzew.model import Arrival, Receipt
from odzew.store.db import Database
from odzew.store.directory import Directory
from odzew.wire.published import CREDENTIALS

INVALID_ACTION: Final = 1000
ENGLISH: Final = "en"
AGAIN: Final = 1  # seconds after which a client may try again

Called = Callable[[str, int | None], None]
"""(action, code): '' for an action that nobody knows; None, the number of an error, or an HTTP status that is no answer of the API."""
Noted = Callable[[Credential, str, int | None, str], None]
"""(credential, action, code, address): a call by somebody who is known; None, or the number of an error."""

log = structlog.get_logger("odzew.api")


def create_api(
    *,
    db: Database,
    reader: Reader,
    gate: Gate,
    directory: Callable[[], Directory],
    receive: Callable[[list[Arrival]], Awaitable[list[Receipt]]],
    clock: Clock,
    limits: Limits | None = None,
    called: Called = lambda action, code: None,
    noted: Noted = lambda credential, action, code, address: None,
) -> Api:
    """The application. `directory` gives the present one, `receive` is the inbox's own (for send_nd and send_ndi).

    `called` is told of every call that was answered, `noted` of those whose credential was right.
    """
    return Api(Services(db, reader, directory, receive, limits or Limits()), gate, clock, called, noted)


class Api:
    """An ASGI application for every path that is not somebody else's."""

    def __init__(
        self,
        services: Services,
        gate: Gate,
        clock: Clock,
        called: Called = lambda action, code: None,
        noted: Noted = lambda credential, action, code, address: None,
    ) -> None:
        self._services = services
        self._gate = gate
        self._called = called
        self._noted = noted
        self._responder = Responder(clock, services.limits.stall)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        if scope["type"] != "http":
            return
        route = route_of(scope["path"])
        try:
            answer = await self._answer(scope, receive, route)
            await self._responder.send(answer, route.format.content_type, receive, send)
        except CallerGone:
            return
        except BodyTooLarge:
            await self._not_answered(route, send, 413, "The body of the request is too large.")
        except Busy as error:
            await self._not_answered(route, send, 429, "Too many requests at once.", error.retry_after)
        except StoreError as error:
            log.warning("api_unavailable", path=scope["path"], error=str(error), temporary=error.temporary)
            await self._not_answered(route, send, 503, "Not available now.", AGAIN)
        except Exception:
            log.exception("api_failed", path=scope["path"])
            await self._not_answered(route, send, 503, "Not available now.", AGAIN)

    async def _not_answered(self, route: Route, send: Send, status: int, text: str, retry_after: int | None = None) -> None:
        self._called(route.action, status)
        await plain(send, status, text, retry_after)

    async def _answer(self, scope: Scope, receive: Receive, route: Route) -> Answer:
        language, address = ENGLISH, ""
        credential: Credential | None = None
        try:
            if route.error is not None and scope["method"] in ("GET", "POST"):
                raise page(route.error)
            if scope["method"] != "POST" or route.handler is None:
                raise ContractError(INVALID_ACTION)
            headers = scope["headers"]
            body = await read_body(headers, receive, self._services.limits.body)
            fields = Parameters(read_fields(body), self._services.limits.country)
            username, password = map(fields.credential, CREDENTIALS)
            address = address_of(scope, self._services.directory().installation.get("trusted_proxies", ()))
            caller = await self._gate.enter(bearer=bearer(headers), username=username, password=password, address=address)
            language, credential = caller.account.language, caller.credential
            parameters = fields.in_zone(caller.account.time_zone)
            answer = await route.handler(Call(caller, parameters, route.format, self._services))
            self._tell(route.action, None, credential, address)
            return answer
        except ContractError as error:
            self._tell(route.action, error.code, error.credential if isinstance(error, Refused) else credential, address)
            return Whole(route.format.error(envelope(error, language)))

    def _tell(self, action: str, code: int | None, credential: Credential | None, address: str) -> None:
        self._called(action, code)
        if credential is not None:
            self._noted(credential, action, code, address)
