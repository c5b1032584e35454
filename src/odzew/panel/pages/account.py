"""One's own log-in: name, language, password, and the sessions that are open."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import Busy, NotOurs
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.recovery import FEW
from odzew.panel.visit import Visit
from odzew.panel.words import LANGUAGES
from odzew.store import credentials, panel_sessions, recovery_codes
from odzew.store.db import Unit

SHORTEST: Final = 10  # characters of a password
LONGEST: Final = 1_024


async def account(visit: Visit) -> Response:
    """Name and language; what else there is, is linked from here."""
    user = visit.user
    if visit.request.method == "GET":
        return await _shown(visit, visit.fields({"name": user.name, "language": user.language or ""}))
    form = visit.fields(await visit.form())
    name = form.text("name", most=100)
    language = form.choice("language", ("", *LANGUAGES))
    if not form.valid:
        return await _shown(visit, form, 422)
    await visit.db.write(_keep, visit, name, language or None)
    await visit.services.refresh()
    return visit.go("/account", visit.t("Saved."))


async def password(visit: Visit) -> Response:
    """A new password: the old one is asked, and all other sessions end."""
    form = visit.fields(await visit.form())
    old, new = form.typed("old"), form.typed("new")
    judge_password(form, "new", new)
    if new != form.typed("again"):
        form.fault("again", "This is not the same as above.")
    if form.valid and not await is_right(visit, form, "old", old):
        form.fault("old", "This is not your present password.")
    if not form.valid:
        return await _shown(visit, visit.fields({"name": visit.user.name, "language": visit.user.language or ""}), 422, form)
    hashed = await asyncio.to_thread(visit.services.hash_password, new)
    await visit.db.write(_set_password, visit, hashed)
    await visit.services.refresh()
    return visit.go("/account", visit.t("The password is changed. Everywhere else you are logged out."))


async def end_session(visit: Visit) -> Response:
    """Ends one of one's own sessions, or all others."""
    assert visit.visitor is not None
    form = visit.fields(await visit.form())
    mine: list[panel_sessions.Session] = await visit.db.read(panel_sessions.of_user, visit.user.id, visit.services.clock.now())
    chosen = {one.token_sha256.hex(): one for one in mine if one.token_sha256 != visit.visitor.session}
    ended = list(chosen.values()) if form.flag("all") else [one for key, one in chosen.items() if key == form.typed("session")]
    if not ended and not form.flag("all"):
        raise NotOurs("there is no such session")
    await visit.db.write(end_sessions, visit, ended)
    return visit.go("/account", visit.t("Logged out there."))


def judge_password(form: Form, name: str, value: str) -> None:
    """Notes what is wrong with a new password."""
    if len(value) < SHORTEST:
        form.fault(name, "A password has at least %(least)d characters.", least=SHORTEST)
    if len(value.encode("utf-8", "surrogatepass")) > LONGEST or "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        form.fault(name, "This cannot be a password.")


async def is_right(visit: Visit, form: Form, name: str, password: str) -> bool:
    """Whether the present password was typed in the field `name`; guesses count as at the log-in."""
    throttle, login = visit.services.throttle, visit.user.login
    try:
        await throttle.admit(visit.address, login)
        right = await visit.services.verifier.verify(login, visit.user, password)
    except Busy as error:
        form.fault(name, "Too many attempts failed. Please wait %(seconds)d s and try again.", seconds=error.retry_after)
        return True  # the fault is noted already
    if not right:
        throttle.failed(visit.address, login)
    return right


async def _shown(visit: Visit, form: Form, status: int = 200, secret: Form | None = None) -> Response:
    assert visit.visitor is not None
    sessions = await visit.db.read(panel_sessions.of_user, visit.user.id, visit.services.clock.now())
    left = await visit.db.read(recovery_codes.left, visit.user.id) if visit.user.totp_secret else None
    return visit.page(
        "account.html", status=status, form=form, secret=secret or visit.fields(), sessions=sessions, this=visit.visitor.session,
        now=visit.services.clock.now(), left=left, few=left is not None and left <= FEW,
    )  # fmt: skip


def _keep(visit: Visit, name: str, language: str | None) -> Unit:
    user = visit.user
    yield from credentials.set_name(user.id, name)
    yield from credentials.set_language(user.id, language)
    before = {"name": user.name, "language": user.language}
    yield from visit.note("user.saved", f"user {user.login}", before, {"name": name, "language": language})


def _set_password(visit: Visit, hashed: str) -> Unit:
    assert visit.visitor is not None
    yield from credentials.set_password(visit.user.id, hashed)
    yield from panel_sessions.end_of_user(visit.user.id, visit.visitor.session)
    yield from visit.note("user.password", f"user {visit.user.login}")


def end_sessions(visit: Visit, sessions: list[panel_sessions.Session]) -> Any:
    """Ends sessions, each with its line in the audit log; a unit of work."""
    for session in sessions:
        yield from panel_sessions.end(session.token_sha256)
        yield from visit.note("session.ended", f"user {session.login}", None, {"address": session.address})


PAGES: Final = (
    Page("/account", account, "user", "account", BOTH),
    Page("/account/password", password, "user", "account.password", POST),
    Page("/account/sessions", end_session, "user", "account.sessions", POST),
)
