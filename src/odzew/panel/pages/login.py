"""Logging in and out, with a one-time or recovery code where the user has them, and what a browser remembers: language and colours."""

from __future__ import annotations

from typing import Final

import pyotp
from starlette.responses import Response

from odzew.clock import SECOND
from odzew.errors import Busy, ContractError
from odzew.model import User
from odzew.panel import session as sessions
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.recovery import FEW, digest_of
from odzew.panel.render import inside
from odzew.panel.visit import ROOT, Visit
from odzew.panel.words import LANGUAGES
from odzew.store import recovery_codes
from odzew.store.audit import add
from odzew.store.credentials import set_language, use_totp_step
from odzew.store.db import Unit
from odzew.store.panel_sessions import Session, make_strong

STEP: Final = 30  # seconds of a one-time code (RFC 6238 s.5.2)
YEAR: Final = 365 * 86_400  # seconds
REFUSALS: Final = {
    1001: "The login or the password is wrong.",
    1002: "This user has no right to use the panel.",
    1003: "This user may not log in from here.",
    1007: "This account is not active.",
}
THEMES: Final = ("light", "dark", "auto")


async def log_in(visit: Visit) -> Response:
    """Asks for login and password, and judges them."""
    if visit.request.method == "GET":
        if visit.visitor is not None:
            return visit.go(inside(visit.query.get("next", "")))
        return _asked(visit, "login.html", visit.fields({"next": visit.query.get("next", "")}))
    form = visit.fields(await visit.form())
    try:
        user = await visit.services.gate.person(form.typed("login").strip(), form.typed("password"), visit.address)
    except ContractError as error:
        form.fault("", REFUSALS.get(error.code, REFUSALS[1001]))
        return _asked(visit, "login.html", form, 401)
    except Busy as error:
        form.fault("", "Too many attempts failed. Please wait %(seconds)d s and try again.", seconds=error.retry_after)
        return _asked(visit, "login.html", form, 429)
    where = inside(form.typed("next"))
    answer = visit.go(f"/login/code?next={where}" if user.totp_secret else where)
    await sessions.log_in(visit.request, answer, visit.services, user, visit.address)
    if not user.totp_secret:
        await visit.db.write(_entered, user, visit.address, False)
    return answer


async def code(visit: Visit) -> Response:
    """Asks for the one-time code of a log-in that has begun, or a recovery code in its place."""
    session = visit.session
    user = visit.directory.users.get(session.login) if session else None
    if session is None or user is None or not user.totp_secret:
        return visit.go("/login")
    if visit.request.method == "GET":
        return _asked(visit, "code.html", visit.fields({"next": visit.query.get("next", "")}))
    form = visit.fields(await visit.form())
    throttle, name = visit.services.throttle, f"code of {user.login}"
    try:
        await throttle.admit(visit.address, name)
    except Busy as error:
        form.fault("", "Too many attempts failed. Please wait %(seconds)d s and try again.", seconds=error.retry_after)
        return _asked(visit, "code.html", form, 429)
    if form.typed("recovery"):
        left = await _recovered(visit, user, session, form.typed("recovery"))
        if left is None:
            throttle.failed(visit.address, name)
            form.fault("recovery", "This is none of your recovery codes, or it was used already.")
            return _asked(visit, "code.html", form, 401)
        throttle.succeeded(visit.address, name)
        words = visit.services.words
        told = words.counted(visit.language, "%(num)d recovery code is left.", "%(num)d recovery codes are left.", left) % {"num": left}
        return visit.go(inside(form.typed("next")), told, "warning" if left <= FEW else "info")
    step = matching_step(visit.services.sealer.open(user.totp_secret), form.typed("code"), visit.services.clock.now())
    if step is None or not await visit.db.write(use_totp_step, user.id, step):
        throttle.failed(visit.address, name)
        form.fault("", "This code is wrong or was used already. Wait for the next one.")
        return _asked(visit, "code.html", form, 401)
    throttle.succeeded(visit.address, name)
    await visit.db.write(make_strong, session.token_sha256)
    await visit.db.write(_entered, user, visit.address, True)
    return visit.go(inside(form.typed("next")))


async def log_out(visit: Visit) -> Response:
    """Ends the session."""
    answer = visit.go("/login", visit.t("You are logged out."), "info")
    await sessions.log_out(visit.request, answer, visit.services)
    return answer


async def language(visit: Visit) -> Response:
    """Keeps the language: of the user who is logged in, and of the browser."""
    chosen = (await visit.form()).get("language")
    answer = visit.go(_came_from(visit))
    if isinstance(chosen, str) and chosen in LANGUAGES:
        sessions.set_cookie(visit.request, answer, "odzew_language", chosen, YEAR)
        if visit.visitor is not None:
            await visit.db.write(set_language, visit.user.id, chosen)
            await visit.services.refresh()
    return answer


async def theme(visit: Visit) -> Response:
    """Keeps the colours of the browser: light, dark, or as the system has them; `toggle` is the other one."""
    chosen = (await visit.form()).get("theme")
    if chosen == "toggle":
        chosen = "light" if visit.request.cookies.get("odzew_theme") == "dark" else "dark"
    answer = visit.go(_came_from(visit))
    if chosen in THEMES:
        sessions.set_cookie(visit.request, answer, "odzew_theme", str(chosen), YEAR)
    return answer


async def static(visit: Visit) -> Response:
    """A file of the panel."""
    accepted = visit.request.headers.get("accept-encoding", "")
    return visit.services.pages.static.answer(visit.path("name"), visit.query.get("v", ""), accepted)


async def _recovered(visit: Visit, user: User, session: Session, typed: str) -> int | None:
    """Uses a recovery code up: how many are left, or None."""
    digest = digest_of(user.id, typed)
    if digest is None:
        return None
    left: int | None = await visit.db.write(_recover, user, session, digest, visit.address)
    return left


def matching_step(secret: str, typed: str, now: int) -> int | None:
    """The time step whose code was typed: the present one, or the one before or after (RFC 6238 s.5.2). None: no such."""
    digits = typed.replace(" ", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdecimal()):
        return None
    present = now // SECOND // STEP
    one_time = pyotp.TOTP(secret, interval=STEP)
    for step in (present, present - 1, present + 1):
        if pyotp.utils.strings_equal(one_time.generate_otp(step), digits):
            return step
    return None


def _asked(visit: Visit, template: str, form: Form, status: int = 200) -> Response:
    """The page, with a cookie for the form's token where the browser has none yet."""
    token = ""
    if visit.session is None and not sessions.cookie(visit.request, sessions.VISIT):
        token = sessions.new_token()
        visit.csrf = sessions.csrf_of(token)
    answer = visit.page(template, status=status, form=form)
    if token:
        sessions.set_cookie(visit.request, answer, sessions.VISIT, token, None)
    return answer


def _came_from(visit: Visit) -> str:
    """The page that a small form stands on."""
    before = visit.request.headers.get("referer", "").partition(visit.request.headers.get("host", "\0"))[2]
    return inside(before.removeprefix(ROOT)) if before.startswith(ROOT) else "/"


def _entered(user: User, address: str, with_code: bool) -> Unit:
    yield from add(user.account_id, user.login, address, "login.code" if with_code else "login")


def _recover(user: User, session: Session, digest: bytes, address: str) -> Unit:
    left = yield from recovery_codes.use(user.id, digest)
    if left is not None:
        yield from make_strong(session.token_sha256)
        yield from add(user.account_id, user.login, address, "login.recovery")
    return left


PAGES: Final = (
    Page("/login", log_in, "anybody", "login", BOTH),
    Page("/login/code", code, "anybody", "code", BOTH),
    Page("/logout", log_out, "user", "logout", POST),
    Page("/language", language, "anybody", "language", POST),
    Page("/theme", theme, "anybody", "theme", POST),
    Page("/static/{name:path}", static, "anybody", "static"),
)
