"""The tokens of an account: made and shown once, limited to addresses, last used, taken away."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.access.tokens import hash_token, make_token
from odzew.errors import NotOurs
from odzew.model import Token
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.visit import Visit
from odzew.setup import judges
from odzew.store import usage
from odzew.store.changes import bump
from odzew.store.db import Unit
from odzew.store.directory import Directory, load
from odzew.store.people import remove_token, save_tokens


async def tokens(visit: Visit) -> Response:
    """The list, and the form that makes one."""
    if visit.request.method == "GET":
        return await _shown(visit, visit.fields({"numbers": "1"}))
    form = visit.fields(await visit.form())
    name = form.judged("name", judges.name, form.text("name", required=True, most=64), "")
    networks = form.judged("allow_from", judges.networks, form.lines("allow_from"), "")
    roles = ("api", "numbers") if form.flag("numbers") else ("api",)
    if any(token.name == name for token in _mine(visit.directory, visit.account.id)):
        form.fault("name", "There is a token of this name already: remove it first, or choose another name.")
    if not form.valid:
        return await _shown(visit, form, status=422)
    value = make_token()
    await visit.db.write(_create, visit, Token(0, visit.account.id, name, hash_token(value), networks, roles))
    await visit.services.refresh()
    return await _shown(visit, visit.fields({"numbers": "1"}), made=(name, value))


async def remove(visit: Visit) -> Response:
    """Takes one away for good."""
    form = visit.fields(await visit.form())
    name = form.typed("name")
    if not await visit.db.write(_remove, visit, name):
        raise NotOurs(f"there is no token {name[:64]!r}")
    await visit.services.refresh()
    return visit.go("/interface/tokens", visit.t("The token %(name)s is no longer valid.", name=name))


async def _shown(visit: Visit, form: Form, *, made: tuple[str, str] | None = None, status: int = 200) -> Response:
    used = await visit.db.read(usage.last_used_tokens, visit.account.id)
    mine = sorted(_mine(visit.directory, visit.account.id), key=lambda token: token.name)
    return visit.page("tokens.html", status=status, form=form, tokens=mine, used=used, made=made, now=visit.services.clock.now())


def _mine(directory: Directory, account_id: int) -> list[Token]:
    return [token for token in directory.tokens.values() if token.account_id == account_id]


def _create(visit: Visit, token: Token) -> Unit:
    directory: Directory = yield from load()
    if any(known.name == token.name for known in _mine(directory, visit.account.id)):
        raise NotOurs("somebody has just made a token of this name")
    yield from save_tokens([token])
    yield from visit.note("token.made", f"token {token.name}", None, {"addresses": token.allow_from, "roles": token.roles})
    yield from bump("directory")


def _remove(visit: Visit, name: str) -> Unit:
    if not (yield from remove_token(visit.account.id, name)):
        return False
    yield from visit.note("token.removed", f"token {name}")
    yield from bump("directory")
    return True


PAGES: Final = (
    Page("/interface/tokens", tokens, "owner", "tokens", BOTH),
    Page("/interface/tokens/remove", remove, "owner", "tokens.remove", POST),
)
