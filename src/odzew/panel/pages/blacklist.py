"""The blacklist: numbers whose messages are marked."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.errors import NotOurs, NumberError
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.visit import Visit
from odzew.store import blacklist as units
from odzew.store.db import Unit
from odzew.store.people import save_blacklisted
from odzew.wire import msisdn

LIMIT: Final = 50
MOST: Final = 1_000


async def blacklist(visit: Visit) -> Response:
    """The list, searched by a whole number, and the form that adds some."""
    if visit.request.method == "GET":
        return await _shown(visit, visit.fields())
    form = visit.fields(await visit.form())
    phones = _phones(visit, form, "phones")
    if not phones and form.valid:
        form.fault("phones", "Please fill this in.")
    if not form.valid:
        return await _shown(visit, form, 422)
    await visit.db.write(_add, visit, phones)
    number = len(phones)
    return visit.go("/blacklist", visit.services.words.counted(visit.language, *ADDED, number) % {"num": number})


async def remove(visit: Visit) -> Response:
    """Takes the chosen ones off, by their ids: who may not see numbers may still do it."""
    form = visit.fields(await visit.form())
    ids = form.ids()[:MOST]
    if not ids:
        return visit.go("/blacklist", visit.t("Choose numbers first."), "info")
    await visit.db.write(_remove, visit, ids)
    return visit.go("/blacklist", visit.t("Done."))


ADDED: Final = ("%(num)d number is on the blacklist now.", "%(num)d numbers are on the blacklist now.")


def _phones(visit: Visit, form: Form, name: str) -> list[str]:
    """The numbers typed, in their one spelling; the first that is none is the fault."""
    found: list[str] = []
    for text in form.lines(name, most=MOST):
        try:
            found.append(msisdn.filter_value(text, visit.services.settings["country"]))
        except NumberError:
            form.fault(name, "%(typed)s is not a telephone number.", typed=text[:40])
    return list(dict.fromkeys(found))


async def _shown(visit: Visit, form: Form, status: int = 200) -> Response:
    asked = visit.fields(dict(visit.query))
    phone, text = None, asked.text("q", most=60)
    if text and visit.sees_numbers:
        try:
            phone = msisdn.filter_value(text, visit.services.settings["country"])
        except NumberError:
            asked.fault("q", "This is not a telephone number.")
    elif text:
        raise NotOurs("numbers are not shown to this user")
    after = asked.whole("after") or 0
    rows = await visit.db.read(units.entries, visit.account.id, phone, after, 0, LIMIT + 1) if asked.valid else []
    return visit.page(
        "blacklist.html", status=status, form=form, asked=asked, rows=rows[:LIMIT], after=after,
        next=rows[LIMIT - 1][0] if len(rows) > LIMIT else None,
    )  # fmt: skip


def _add(visit: Visit, phones: list[str]) -> Unit:
    yield from save_blacklisted(visit.account.id, phones)
    yield from visit.note("blacklist.added", f"{len(phones)} numbers", None, {"phones": phones[:50]})


def _remove(visit: Visit, ids: list[int]) -> Unit:
    rows = yield from units.of_ids(visit.account.id, ids)
    phones = [row[1] for row in rows]
    if phones:
        yield from units.delete_all(visit.account.id, phones)
        yield from visit.note("blacklist.removed", f"{len(phones)} numbers", {"phones": phones[:50]}, None)


PAGES: Final = (
    Page("/blacklist", blacklist, "member", "blacklist", BOTH),
    Page("/blacklist/remove", remove, "member", "blacklist.remove", POST),
)
