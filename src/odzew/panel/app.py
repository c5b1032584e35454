"""The panel as an ASGI application: who asks is found, the page's right is judged, the form's token too, then the page is made.

Rights are judged here alone, from the table of pages. What a page raises becomes a page of its own: NotOurs 404, StoreError 503, a body
that is too large 413.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import structlog
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, Router

from odzew.access.request import BodyTooLarge, Receive, Scope, Send, address_of, came_encrypted
from odzew.errors import Busy, NotOurs, StoreError
from odzew.model import User
from odzew.panel import session as sessions
from odzew.panel.forms import CSRF
from odzew.panel.notices import read_notices, write_notices
from odzew.panel.page import Page
from odzew.panel.services import Services
from odzew.panel.visit import ROOT, SEE_OTHER, Visit, Visitor
from odzew.panel.words import LANGUAGES, best_language

BODY: Final = 1 << 20  # octets of a form
LARGE_BODY: Final = 32 << 20  # of one with a file
FIELDS: Final = 2_000
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
HEADERS: Final = {
    "content-security-policy": POLICY, "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}  # fmt: skip
_UNSAFE: Final = ("POST", "PUT", "PATCH", "DELETE")

Badges = Callable[[Visitor], Awaitable[dict[str, int]]]
log = structlog.get_logger("odzew.panel")


class Panel:
    """The application. `badges` gives the counts that the menu shows."""

    def __init__(self, services: Services, pages: Sequence[Page], badges: Badges) -> None:
        self._services = services
        self._badges = badges
        routes = [
            Route(ROOT + page.path, self._endpoint(page), methods=list(page.methods), name=page.name)
            for page in pages
        ]  # fmt: skip
        self._router = Router(routes, redirect_slashes=False, default=self._nowhere)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == ROOT:
            await RedirectResponse(f"{ROOT}/", SEE_OTHER)(scope, receive, send)
            return
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:  # a method that the page does not have
            await Response(status_code=error.status_code, headers=error.headers)(scope, receive, send)
        except ClientDisconnect:
            return

    async def close(self) -> None:
        """Ends what pages have begun."""
        await self._services.errands.close()

    async def _nowhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        visit = await self._visit(request)
        await self._finished(visit, self._wrong(visit, 404))(scope, receive, send)

    def _endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            limited = Request(request.scope, _limited(request, LARGE_BODY if page.large else BODY))
            try:
                visit = await self._visit(limited)
            except StoreError as error:
                log.warning("panel_unavailable", path=page.path, error=str(error))
                return HTMLResponse("The database cannot be reached now. Please try again.", 503, HEADERS | {"retry-after": "5"})
            try:
                return self._finished(visit, await self._answer(page, visit))
            finally:
                await limited.close()  # the files of its form

        return endpoint

    async def _visit(self, request: Request) -> Visit:
        services = self._services
        proxies = services.directory().installation.get("trusted_proxies", ())
        if came_encrypted(request.scope, proxies):
            request.scope["scheme"] = "https"
        visitor, session = await sessions.visitor_of(request, services)
        token = sessions.cookie(request, sessions.COOKIE if session else sessions.VISIT)
        address = address_of(request.scope, proxies)
        visit = Visit(request, visitor, services, sessions.csrf_of(token) if token else "", language_of(request, visitor), address)
        visit.session = session
        visit.notices = read_notices(request)
        return visit

    async def _answer(self, page: Page, visit: Visit) -> Response:
        try:
            if refused := self._refused(page, visit):
                return refused
            if visit.request.method in _UNSAFE and not await self._genuine(visit):
                return self._wrong(visit, 403, "forged")
            if visit.visitor is not None and not visit.partial:
                visit.badges = await self._badges(visit.visitor)
            return await page.handler(visit)
        except NotOurs:
            return self._wrong(visit, 404)
        except BodyTooLarge:
            return self._wrong(visit, 413)
        except Busy as error:
            answer = self._wrong(visit, 429)
            answer.headers["retry-after"] = str(error.retry_after)
            return answer
        except StoreError as error:
            log.warning("panel_unavailable", path=page.path, error=str(error))
            return self._wrong(visit, 503)
        except MultiPartException:  # a form that cannot be read
            return self._wrong(visit, 400)
        except (ClientDisconnect, OSError):
            raise
        except Exception:
            log.exception("panel_failed", page=page.name)
            return self._wrong(visit, 500)

    def _refused(self, page: Page, visit: Visit) -> Response | None:
        """Where the visitor is sent instead, if the page is not open to them."""
        if page.who == "anybody":
            return None
        if visit.visitor is None:
            return _to_log_in(visit)
        if visit.visitor.fits(page.who):
            return None
        if visit.visitor.is_operator:
            return visit.go("/operator/accounts", visit.t("Choose the account to look at first."), "info")
        return self._wrong(visit, 403)

    async def _genuine(self, visit: Visit) -> bool:
        """Whether the form is one of our own pages': by what the browser says of its origin, and by the token in it."""
        request = visit.request
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        if origin not in (None, "null") and urlsplit(str(origin)).netloc != request.headers.get("host", ""):
            return False
        sent = request.headers.get("x-csrf") or (await request.form(max_fields=FIELDS, max_files=4)).get(CSRF, "")
        octets = sent.encode("utf-8", "surrogatepass") if isinstance(sent, str) else b""
        return bool(visit.csrf) and hmac.compare_digest(octets, visit.csrf.encode())

    def _wrong(self, visit: Visit, status: int, why: str = "") -> Response:
        return visit.page("error.html", status=status, code=status, why=why)

    def _finished(self, visit: Visit, answer: Response) -> Response:
        answer.headers.update({name: value for name, value in HEADERS.items() if name not in answer.headers})
        answer.headers.setdefault("cache-control", "no-store")
        if visit.request.url.scheme == "https":
            answer.headers.setdefault("strict-transport-security", "max-age=31536000")
        write_notices(visit, answer)
        return answer


def language_of(request: Request, visitor: Visitor | None) -> str:
    """The visitor's own language, else the one chosen in this browser, else the account's, else the browser's."""
    user: User | None = visitor.user if visitor else None
    chosen = (user.language if user else None) or sessions.cookie(request, "odzew_language")
    if chosen in LANGUAGES:
        return chosen
    if visitor and visitor.account and visitor.account.language in LANGUAGES:
        return visitor.account.language
    return best_language(request.headers.get("accept-language", "")[:400])


def _to_log_in(visit: Visit) -> Response:
    request = visit.request
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    path = "/login" if request.method in _UNSAFE or visit.partial else f"/login?next={quote(target.removeprefix(ROOT), safe='')}"
    if visit.partial:
        return Response(status_code=401, headers={"hx-redirect": ROOT + path})
    return RedirectResponse(ROOT + path, SEE_OTHER)


def _limited(request: Request, most: int) -> Any:
    """What receives the body, up to `most` octets."""
    got = 0

    async def receive() -> Any:
        nonlocal got
        event = await request.receive()
        got += len(event.get("body", b""))
        if got > most:
            raise BodyTooLarge(f"the body is over {most} octets")
        return event

    return receive
