"""The users of an account: who they are, what they may, from where; their passwords and sessions."""

from __future__ import annotations

import asyncio
import json
from typing import Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import User
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.pages.account import judge_password
from odzew.panel.visit import OWNER, Visit
from odzew.setup import judges
from odzew.store import credentials, panel_sessions, recovery_codes, usage
from odzew.store.changes import bump
from odzew.store.db import Lock, Rows, Unit
from odzew.store.directory import Directory, load
from odzew.store.people import save_users

ROLES: Final = ("panel", "owner", "numbers", "api")


async def users(visit: Visit) -> Response:
    """The list."""
    mine = sorted(of_account(visit.directory, visit.account.id), key=lambda user: user.login)
    used = await visit.db.read(usage.last_used_users, visit.account.id)
    now = visit.services.clock.now()
    sessions: list[panel_sessions.Session] = await visit.db.read(panel_sessions.of_account, visit.account.id, now)
    seen = {user.id: max((one.seen_at for one in sessions if one.user_id == user.id), default=None) for user in mine}
    return visit.page("users.html", users=mine, used=used, seen=seen, now=now)


async def new(visit: Visit) -> Response:
    """Adds one."""
    if visit.request.method == "GET":
        return _form(visit, None, visit.fields({"role": ["panel", "numbers"]}))
    form = visit.fields(await visit.form())
    login = form.judged("login", judges.login, form.text("login", required=True, most=128), "")
    user, name = _read(visit, form, User(0, visit.account.id, login, "")), form.text("name", most=100)
    judge_password(form, "password", form.typed("password"))
    if login in visit.directory.users:
        form.fault("login", "This login is taken.")
    if not form.valid:
        return _form(visit, None, form, 422)
    hashed = await asyncio.to_thread(visit.services.hash_password, form.typed("password"))
    await visit.db.write(_add, visit, user, hashed, name)
    await visit.services.refresh()
    return visit.go("/account/users", visit.t("%(login)s may log in now.", login=login))


async def edit(visit: Visit) -> Response:
    """Changes one: what they may, from where, and, if one is typed, their password."""
    user = _one(visit)
    if visit.request.method == "GET":
        return _form(visit, user, visit.fields({"name": user.name, "role": list(user.roles), "allow_from": "\n".join(user.allow_from)}))
    form = visit.fields(await visit.form())
    changed, name, password = _read(visit, form, user), form.text("name", most=100), form.typed("password")
    if password:
        judge_password(form, "password", password)
    if OWNER in user.roles and not (OWNER in changed.roles and "panel" in changed.roles) and _is_last_owner(visit.directory, user):
        form.fault("role", "This is the last owner: make somebody else an owner first.")
    if not form.valid:
        return _form(visit, user, form, 422)
    hashed = await asyncio.to_thread(visit.services.hash_password, password) if password else None
    await visit.db.write(_change, visit, user, changed, name, hashed, form.flag("without_codes"))
    await visit.services.refresh()
    return visit.go("/account/users", visit.t("Saved."))


async def remove(visit: Visit) -> Response:
    """Takes one away, with their sessions."""
    user = _one(visit)
    if user.id == visit.user.id:
        return visit.go("/account/users", visit.t("You cannot remove yourself."), "danger")
    if OWNER in user.roles and _is_last_owner(visit.directory, user):
        return visit.go("/account/users", visit.t("This is the last owner: make somebody else an owner first."), "danger")
    await visit.db.write(_remove, visit, user)
    await visit.services.refresh()
    return visit.go("/account/users", visit.t("%(login)s may not log in any more.", login=user.login))


def of_account(directory: Directory, account_id: int) -> list[User]:
    """The users of an account."""
    return [user for user in directory.users.values() if user.account_id == account_id]


def _read(visit: Visit, form: Form, user: User) -> User:
    roles = tuple(role for role in ROLES if role in form.all_typed("role"))
    if not roles:
        form.fault("role", "Choose at least one: a user without any right could do nothing.")
    networks = form.judged("allow_from", judges.networks, form.lines("allow_from"), "")
    return User(user.id, user.account_id, user.login, user.password_hash, roles, networks)


def _one(visit: Visit) -> User:
    for user in of_account(visit.directory, visit.account.id):
        if user.id == visit.path("id"):
            return user
    raise NotOurs("there is no such user")


def _is_last_owner(directory: Directory, user: User) -> bool:
    owners = [one for one in of_account(directory, user.account_id or 0) if OWNER in one.roles and "panel" in one.roles]
    return [one.id for one in owners] == [user.id]


def _form(visit: Visit, user: User | None, form: Form, status: int = 200) -> Response:
    return visit.page("user.html", status=status, user=user, form=form, roles=ROLES)


def _add(visit: Visit, user: User, hashed: str, name: str) -> Unit:
    yield Lock(["setup"])
    directory: Directory = yield from load()
    if user.login in directory.users:
        raise NotOurs("somebody has just taken this login")
    yield from save_users([User(0, user.account_id, user.login, hashed, user.roles, user.allow_from)])
    row = yield Rows("SELECT id FROM users WHERE login = ?", (user.login,))
    yield from credentials.set_name(row[0][0], name)
    yield from visit.note("user.added", f"user {user.login}", None, {"roles": user.roles, "addresses": user.allow_from})
    yield from bump("directory")


def _change(visit: Visit, user: User, changed: User, name: str, hashed: str | None, without_codes: bool) -> Unit:
    yield Lock(["setup"])
    sql = "UPDATE users SET roles = ?, allow_from = ? WHERE id = ?"
    yield Rows(sql, (json.dumps(changed.roles), json.dumps(changed.allow_from), user.id))
    yield from credentials.set_name(user.id, name)
    if hashed is not None:
        yield from credentials.set_password(user.id, hashed)
        yield from panel_sessions.end_of_user(user.id, visit.visitor.session if visit.visitor and user.id == visit.user.id else None)
        yield from visit.note("user.password", f"user {user.login}")
    if without_codes and user.totp_secret:
        yield from credentials.set_totp(user.id, None)
        yield from visit.note("user.codes_off", f"user {user.login}")
    before = {"roles": user.roles, "addresses": user.allow_from, "name": user.name}
    after = {"roles": changed.roles, "addresses": changed.allow_from, "name": name}
    yield from visit.note("user.saved", f"user {user.login}", before, after)
    yield from bump("directory")


def _remove(visit: Visit, user: User) -> Unit:
    yield Lock(["setup"])
    yield from panel_sessions.end_of_user(user.id)
    yield from recovery_codes.forget(user.id)
    yield Rows("DELETE FROM users WHERE id = ?", (user.id,))
    yield from visit.note("user.removed", f"user {user.login}", {"roles": user.roles}, None)
    yield from bump("directory")


PAGES: Final = (
    Page("/account/users", users, "owner", "users"),
    Page("/account/users/new", new, "owner", "users.new", BOTH),
    Page("/account/users/{id:int}", edit, "owner", "user", BOTH),
    Page("/account/users/{id:int}/remove", remove, "owner", "user.remove", POST),
)
