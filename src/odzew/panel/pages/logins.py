"""Who of the account is logged in, with a button to end each."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.panel.page import POST, Page
from odzew.panel.pages.account import end_sessions
from odzew.panel.visit import Visit
from odzew.store import panel_sessions


async def logins(visit: Visit) -> Response:
    """The sessions of all users of the account."""
    assert visit.visitor is not None
    now = visit.services.clock.now()
    sessions = await visit.db.read(panel_sessions.of_account, visit.account.id, now)
    return visit.page("logins.html", sessions=sessions, this=visit.visitor.session, now=now)


async def end(visit: Visit) -> Response:
    """Ends one."""
    form = visit.fields(await visit.form())
    sessions: list[panel_sessions.Session] = await visit.db.read(panel_sessions.of_account, visit.account.id, visit.services.clock.now())
    chosen = [one for one in sessions if one.token_sha256.hex() == form.typed("session")]
    if not chosen:
        raise NotOurs("there is no such session")
    await visit.db.write(end_sessions, visit, chosen)
    return visit.go("/account/logins", visit.t("Logged out there."))


PAGES: Final = (
    Page("/account/logins", logins, "owner", "logins"),
    Page("/account/logins/end", end, "owner", "logins.end", POST),
)
