"""The accounts: listed, added, changed, and looked at as their owners would."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import Account
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.pages.account import judge_password
from odzew.panel.visit import Visit
from odzew.panel.words import LANGUAGES
from odzew.panel.written import decimal, number_text, write_entry
from odzew.store import audit
from odzew.store.db import Unit
from odzew.store.lookup import DeliveryRow, delivery
from odzew.store.panel_sessions import look_at
from odzew.store.target_states import TargetState, states

LISTS: Final = ("allow_from", "forward_allow", "alarm_to")
FIELDS: Final = ("name", "company", "time_zone", "language", "active", *LISTS, "per_second", "reply_window_days", "login", "password")
OWNER_ROLES: Final = ["panel", "owner", "numbers"]


async def accounts(visit: Visit) -> Response:
    """The list, with what each has."""
    directory = visit.directory
    known: dict[int, TargetState] = await visit.db.read(states)
    bad = {key for key, state in known.items() if state.failing_since is not None or state.paused_at is not None}
    users = Counter(user.account_id for user in directory.users.values())
    targets = Counter(target.account_id for target in directory.targets.values())
    failing = Counter(target.account_id for target in directory.targets.values() if target.id in bad)
    numbers = Counter(number.account_id for number in directory.numbers.values())
    numbers.update(keyword.account_id for keyword in directory.keywords_by_id.values())
    listed = sorted(directory.accounts.values(), key=lambda account: (not account.active, account.name))
    return visit.page("operator/accounts.html", accounts=listed, users=users, targets=targets, failing=failing, numbers=numbers)


async def new(visit: Visit) -> Response:
    """Adds one, with its first user if one is named."""
    if visit.request.method == "GET":
        first = {"time_zone": "Europe/Warsaw", "language": visit.language, "active": "1", "reply_window_days": "7"}
        return _form(visit, None, visit.fields(first))
    form = visit.fields(await visit.form())
    values = _read(form)
    values["name"] = form.text("name", required=True, most=64)
    if values["name"] in {account.name for account in visit.directory.accounts.values()}:
        form.fault("name", "There is an account of this name.")
    if login := form.text("login", most=128):
        judge_password(form, "password", form.typed("password"))
        values["user"] = [{"login": login, "password": form.typed("password"), "roles": OWNER_ROLES}]
    if await write_entry(visit, form, "account", values, FIELDS) is None:
        return _form(visit, None, form, 422)
    return visit.go("/operator/accounts", visit.t("The account %(name)s is there.", name=values["name"]))


async def edit(visit: Visit) -> Response:
    """Changes one. Its name stays: the set-up file knows it by it."""
    account = one(visit)
    if visit.request.method == "GET":
        return _form(visit, account, visit.fields(_values(account)))
    form = visit.fields(await visit.form())
    if await write_entry(visit, form, "account", _read(form) | {"name": account.name}, FIELDS) is None:
        return _form(visit, account, form, 422)
    return visit.go("/operator/accounts", visit.t("Saved."))


async def look(visit: Visit) -> Response:
    """From now on looks at an account as its owner would."""
    account = one(visit)
    assert visit.visitor is not None
    await visit.db.write(_look, visit, visit.visitor.session, account)
    return visit.go("/")


async def look_at_delivery(visit: Visit) -> Response:
    """Asks first, for a link changes nothing; then looks at the account of a delivery, and opens it."""
    row: DeliveryRow | None = await visit.db.read(delivery, visit.path("id"))
    account = visit.directory.accounts.get(row.account_id) if row is not None else None
    if row is None or account is None:
        raise NotOurs("there is no such delivery")
    if visit.request.method == "GET":
        return visit.page("operator/look_delivery.html", key=row.id, account=account)
    assert visit.visitor is not None
    await visit.db.write(_look, visit, visit.visitor.session, account)
    return visit.go(f"/deliveries/{row.id}")


def one(visit: Visit) -> Account:
    """The account of the path."""
    account = visit.directory.accounts.get(visit.path("id"))
    if account is None:
        raise NotOurs("there is no such account")
    return account


def _read(form: Form) -> dict[str, Any]:
    days = decimal(form, "reply_window_days")
    return {
        "company": form.text("company", most=200), "time_zone": form.text("time_zone", required=True, most=60),
        "language": form.choice("language", LANGUAGES, "en"), "active": form.flag("active"),
        **{name: list(form.lines(name)) for name in LISTS},
        "per_second": decimal(form, "per_second") or 0, "reply_window_days": 7.0 if days is None else days,
    }  # fmt: skip


def _values(account: Account) -> dict[str, Any]:
    return {
        "company": account.company, "time_zone": account.time_zone, "language": account.language, "active": "1" if account.active else "",
        **{name: "\n".join(getattr(account, name)) for name in LISTS},
        "per_second": number_text(account.per_second), "reply_window_days": number_text(account.reply_window_days),
    }  # fmt: skip


def _form(visit: Visit, account: Account | None, form: Form, status: int = 200) -> Response:
    return visit.page("operator/account.html", status=status, account=account, form=form, languages_of=list(LANGUAGES.items()))


def _look(visit: Visit, session: bytes, account: Account) -> Unit:
    yield from look_at(session, account.id)
    yield from audit.add(account.id, visit.user.login, visit.address, "account.looked_at", f"account {account.name}")


PAGES: Final = (
    Page("/operator/accounts", accounts, "operator", "operator.accounts"),
    Page("/operator/accounts/new", new, "operator", "operator.account.new", BOTH),
    Page("/operator/accounts/{id:int}", edit, "operator", "operator.account", BOTH),
    Page("/operator/look/{id:int}", look, "operator", "operator.look", POST),
    Page("/operator/look/delivery/{id:int}", look_at_delivery, "operator", "operator.look.delivery", BOTH),
)
