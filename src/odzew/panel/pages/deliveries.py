"""What is owed and what was delivered: the list, one delivery with every attempt, and sending again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.model import Attempt, DeliveryState, Message
from odzew.panel.attempts import hidden_of, spans_of
from odzew.panel.errands import Errand
from odzew.panel.forms import Form
from odzew.panel.page import POST, Page
from odzew.panel.render import inside
from odzew.panel.visit import Visit
from odzew.store import delivery_list, lookup, messages
from odzew.store.db import Unit
from odzew.store.deliveries import attempts
from odzew.store.delivery_list import ENDED, Wanted
from odzew.store.lookup import DeliveryRow
from odzew.store.resend import AT_ONCE, Pace, Place, Resent, now, resend, resend_window

LIMIT: Final = 50
STATES: Final = ("pending", "delivered", "exhausted", "cancelled")
AGAIN: Final = (*ENDED, "delivered")  # what may be sent again by a filter
RATES: Final = (1, 10, 100, 1_000)
SENT: Final = ("%(num)d delivery is sent again.", "%(num)d deliveries are sent again.")


@dataclass(slots=True, frozen=True)
class Row:
    """A line of the list; `sender` and `start` are of its message, '' where that is gone."""

    delivery: DeliveryRow
    account: str
    sender: str
    start: str


async def index(visit: Visit) -> Response:
    """The account's."""
    return await _listed(visit, visit.account.id, "deliveries")


async def of_all(visit: Visit) -> Response:
    """Everybody's, for the operator."""
    return await _listed(visit, None, "operator.deliveries")


async def delivery(visit: Visit) -> Response:
    """One, with every attempt."""
    row: DeliveryRow | None = await visit.db.read(lookup.delivery, visit.path("id"))
    if row is None or row.account_id != visit.account.id:
        raise NotOurs("there is no such delivery")
    tried: list[Attempt] = await visit.db.read(attempts, row.id)
    found: dict[int, Message] = await visit.db.read(messages.get, [row.message_id])
    message = found.get(row.message_id)
    return visit.page(
        "delivery.html", row=row, attempts=tried, message=message, target=visit.directory.targets.get(row.target_id), spans=spans_of,
        hidden=hidden_of(message, visit.sees_numbers),
    )  # fmt: skip


async def again(visit: Visit) -> Response:
    """Sends the chosen ones again at once."""
    form = visit.fields(await visit.form())
    back = inside(form.typed("back"), "/deliveries")
    ids = form.ids()[:AT_ONCE]
    if not ids:
        return visit.go(back, visit.t("Choose deliveries first."), "info")
    done: Resent = await visit.db.write(_send, visit, ids)
    number = done.sent_again
    return visit.go(back, visit.services.words.counted(visit.language, *SENT, number) % {"num": number}, "success" if number else "info")


async def many(visit: Visit) -> Response:
    """Sends all that a filter finds again, at a rate; it goes on when the page is closed."""
    form = visit.fields(await visit.form())
    wanted = _wanted(visit, form, visit.account.id)
    rate = form.choice("rate", [str(rate) for rate in RATES], "100")
    if wanted.state not in AGAIN or not form.valid:
        return visit.go("/deliveries", visit.t("Choose a state: what did not arrive, what was cancelled, or what was delivered."), "danger")
    begun: int = await visit.db.read(now)
    until = begun + 1 if wanted.until is None else min(wanted.until, begun + 1)
    wanted = Wanted(wanted.state, wanted.account_id, wanted.target_id, wanted.since, until)
    pace_of = float(rate)

    async def work(errand: Errand) -> None:
        place: Place | None = (0, 0)
        while place is not None:
            done: Resent
            done, place = await visit.db.write(resend_window, wanted, place, Pace(begun, pace_of, errand.count))
            errand.count += done.sent_again

    await visit.db.write(_noted, visit, wanted, rate)
    visit.services.errands.begin(Errand(visit.account.id, visit.user.login, str(wanted.state), begun), work)
    return visit.go("/deliveries", visit.t("They are being sent again, %(rate)s a second. You may close this page.", rate=rate))


async def errands(visit: Visit) -> Response:
    """How far that is, for the top of the list."""
    return visit.page("errands.html", errands=visit.services.errands.of(visit.account.id))


async def _listed(visit: Visit, account_id: int | None, page: str) -> Response:
    form = visit.fields(dict(visit.query))
    wanted = _wanted(visit, form, account_id)
    after = form.whole("after", least=1)
    rows, older = await visit.db.read(delivery_list.page, wanted, after, LIMIT) if form.valid else ([], None)
    kept = {name: visit.query[name] for name in ("state", "target", "from", "to", "account") if visit.query.get(name)}
    directory = visit.directory
    targets = [target for target in directory.targets.values() if account_id is None or target.account_id == account_id]
    accounts = [(str(key), one.company or one.name) for key, one in directory.accounts.items()] if account_id is None else []
    return visit.page(
        "deliveries.html", rows=await _rows(visit, rows), older=older, after=after, form=form, kept=kept, page=page, rates=RATES,
        targets=[(str(one.id), f"{one.name}: {one.url[:60] or ', '.join(one.mail_to)}") for one in targets], accounts=accounts,
        again=wanted.state in AGAIN and account_id is not None, errands=visit.services.errands.of(account_id) if account_id else [],
    )  # fmt: skip


def _wanted(visit: Visit, form: Form, account_id: int | None) -> Wanted:
    chosen = form.choice("state", ("", *STATES))
    state: DeliveryState | None = chosen or None  # type: ignore[assignment]  # one of them
    if account_id is None:
        account_id = form.whole("account", least=1)
    return Wanted(state, account_id, form.whole("target", least=1), form.day("from", visit.zone), form.day("to", visit.zone, 1))


async def _rows(visit: Visit, rows: Sequence[DeliveryRow]) -> list[Row]:
    found: dict[int, Message] = await visit.db.read(messages.get, sorted({row.message_id for row in rows})) if rows else {}
    shown = []
    for row in rows:
        message, account = found.get(row.message_id), visit.directory.accounts.get(row.account_id)
        name = (account.company or account.name) if account else ""
        shown.append(Row(row, name, message.sender if message else "", (message.text or message.title or "")[:100] if message else ""))
    return shown


def _send(visit: Visit, ids: list[int]) -> Unit:
    mine = []
    for key in ids:
        row = yield from lookup.delivery(key)
        if row is not None and row.account_id == visit.account.id:
            mine.append(key)
    if not mine:
        raise NotOurs("there are no such deliveries")
    begun = yield from now()
    done = yield from resend(mine, Pace(begun, 1_000.0), True)
    yield from visit.note("deliveries.sent_again", f"deliveries {', '.join(map(str, mine[:50]))}", None, {"number": done.sent_again})
    return done


def _noted(visit: Visit, wanted: Wanted, rate: str) -> Unit:
    what: dict[str, Any] = {"state": wanted.state, "target": wanted.target_id, "since": wanted.since, "until": wanted.until, "rate": rate}
    yield from visit.note("deliveries.sent_again", "deliveries of a filter", None, what)


PAGES: Final = (
    Page("/deliveries", index, "member", "deliveries"),
    Page("/deliveries/again", again, "member", "deliveries.again", POST),
    Page("/deliveries/many", many, "member", "deliveries.many", POST),
    Page("/deliveries/errands", errands, "member", "deliveries.errands"),
    Page("/deliveries/{id:int}", delivery, "member", "delivery"),
    Page("/operator/deliveries", of_all, "operator", "operator.deliveries"),
)
