"""Log-in sessions: a random token in a cookie, its SHA-256 in the database, so that each can be seen and ended.

A form carries a token of its own, made from the session's: a page of another site can send the cookie, but not know the token. Where nobody
is logged in, a cookie of the visit takes the session's place.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from odzew.clock import DAY, HOUR
from odzew.model import User
from odzew.panel.services import Services
from odzew.panel.visit import ROOT, Visitor
from odzew.store.panel_sessions import TOUCHED, Session, begin, end, find, touch

COOKIE: Final = "odzew_panel"
VISIT: Final = "odzew_visit"  # of somebody who is not logged in
LONGEST: Final = 14 * DAY  # microseconds from the log-in
IDLE: Final = 24 * HOUR  # microseconds from the last page
_TOKEN: Final = 32  # octets
_LONGEST_COOKIE: Final = 100


def csrf_of(token: str) -> str:
    """The token that forms carry, for the token of a cookie."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()


def digest(token: str) -> bytes:
    """What is stored of a session's token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def cookie(request: Request, name: str) -> str:
    """A cookie of ours, '' for none or one that cannot be."""
    value = request.cookies.get(name, "")
    return value if len(value) <= _LONGEST_COOKIE else ""


def new_token() -> str:
    """A token for a cookie."""
    return secrets.token_urlsafe(_TOKEN)


async def visitor_of(request: Request, services: Services) -> tuple[Visitor | None, Session | None]:
    """Who is logged in, judged anew from the present directory, and the session (also where a one-time code is still to come)."""
    token = cookie(request, COOKIE)
    if not token:
        return None, None
    now = services.clock.now()
    session: Session | None = await services.db.read(find, digest(token), now)
    if session is None or now - session.seen_at > IDLE:
        return None, None
    if now - session.seen_at > TOUCHED:
        await services.db.write(touch, session.token_sha256, now)
    user = services.directory().users.get(session.login)
    if user is None or user.id != session.user_id or not may_enter(user, services):
        return None, None
    if user.totp_secret and not session.strong:
        return None, session
    account_id = session.account_id if user.account_id is None else user.account_id
    account = None if account_id is None else services.directory().accounts.get(account_id)
    return Visitor(user, account, session.token_sha256, csrf_of(token)), session


def may_enter(user: User, services: Services) -> bool:
    """Whether a user may be in the panel at all: an operator, or one of an active account with the right `panel`."""
    if user.account_id is None:
        return True
    account = services.directory().accounts.get(user.account_id)
    return account is not None and account.active and "panel" in user.roles


async def log_in(request: Request, response: Response, services: Services, user: User, address: str) -> None:
    """Begins a session and puts its cookie into `response`. One with a one-time code is not strong until the code came."""
    token, now = new_token(), services.clock.now()
    agent = request.headers.get("user-agent", "")[:300]
    session = Session(digest(token), user.id, user.login, now, now, now + LONGEST, address, agent, None, not user.totp_secret)
    await services.db.write(begin, session)
    set_cookie(request, response, COOKIE, token, LONGEST // 1_000_000)


async def log_out(request: Request, response: Response, services: Services) -> None:
    """Ends the session of the request."""
    if token := cookie(request, COOKIE):
        await services.db.write(end, digest(token))
    response.delete_cookie(COOKIE, path=ROOT)


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    """A cookie for the panel alone that no script reads and no other site's form brings."""
    response.set_cookie(
        name, value, max_age=seconds, path=ROOT, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )  # fmt: skip
