"""The address book: a list that is searched and sorted, one contact at a time, and what is done with many."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from odzew.errors import NotOurs
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.sheet import BOM, cell
from odzew.panel.visit import Visit
from odzew.store import contact_list, contacts, groups
from odzew.store.contact_list import ContactFilter
from odzew.store.db import Unit
from odzew.wire import folding
from odzew.wire.contact import LONGEST, TEXTS, ContactError, read

LIMIT: Final = 50
WINDOW: Final = 500
MOST: Final = 1_000
SORTS: Final = ("last_name", "first_name", "company", "phone", "id")


@dataclass(slots=True, frozen=True)
class Shown:
    """A contact as a list shows it: its id, its texts by name with `phone`, whether it is blacklisted, its groups (id, name)."""

    id: int
    texts: dict[str, Any]
    blacklisted: bool
    groups: list[tuple[int, str]]

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.texts["first_name"], self.texts["last_name"])))


async def index(visit: Visit) -> Response:
    """The list, by keyset: `after` is the id of the last contact of the page before."""
    form = visit.fields(dict(visit.query))
    wanted = _wanted(visit, form)
    after = form.whole("after")
    cursor = await _cursor(visit, wanted, after) if after else None
    found = await visit.db.read(contact_list.window, wanted, LIMIT + 1, cursor) if wanted else []
    rows = await shown(visit, [key for _, key in found[:LIMIT]])
    kept = {name: visit.query[name] for name in ("q", "group", "sort") if visit.query.get(name)}
    all_groups = await visit.db.read(groups.entries, visit.account.id, "", 0, 200)
    return visit.page(
        "contacts.html", rows=rows, form=form, kept=kept, groups=[(str(row[0]), row[1]) for row in all_groups], first=after is None,
        next=found[LIMIT - 1][1] if len(found) > LIMIT else None, sorts=SORTS,
    )  # fmt: skip


async def new(visit: Visit) -> Response:
    """Adds one; `phone` may stand in the address, of a message's sender."""
    if visit.request.method == "GET":
        return await _form(visit, None, visit.fields({"phone": visit.query.get("phone", "") if visit.sees_numbers else ""}))
    form = visit.fields(await visit.form())
    found = _read(visit, form)
    if found is None or not form.valid:
        return await _form(visit, None, form, 422)
    key = await visit.db.write(_add, visit, found[0], found[1], form.ids("group"))
    if key is None:
        raise NotOurs("there is no such group")
    return visit.go("/contacts", visit.t("Added."))


async def edit(visit: Visit) -> Response:
    """Changes one."""
    found_one = await shown(visit, [visit.path("id")])
    if not found_one:
        raise NotOurs("there is no such contact")
    one = found_one[0]
    if visit.request.method == "GET":
        return await _form(visit, one, visit.fields(one.texts | {"group": [str(key) for key, _ in one.groups]}))
    form = visit.fields(await visit.form())
    found = _read(visit, form, None if visit.sees_numbers else one.texts["phone"])
    if found is None or not form.valid:
        return await _form(visit, one, form, 422)
    if not await visit.db.write(_change, visit, one, found[0], found[1], form.ids("group")):
        raise NotOurs("there is no such contact or group")
    return visit.go("/contacts", visit.t("Saved."))


async def change(visit: Visit) -> Response:
    """What is done with the chosen ones: deleted, put into a group, taken out of it."""
    form = visit.fields(await visit.form())
    ids = form.ids()[:MOST]
    if not ids:
        return visit.go("/contacts", visit.t("Choose contacts first."), "info")
    what, group = form.typed("do"), form.whole("group")
    if what == "delete":
        number = await visit.db.write(_delete, visit, ids)
        return visit.go("/contacts", visit.services.words.counted(visit.language, *DELETED, number) % {"num": number})
    if group is None:
        return visit.go("/contacts", visit.t("Choose a group first."), "info")
    if not await visit.db.write(groups.put_in if what == "put" else groups.take_out, visit.account.id, group, ids):
        raise NotOurs("there is no such group")
    return visit.go(f"/contacts?group={group}", visit.t("Done."))


async def export(visit: Visit) -> Response:
    """All that the filter finds, as CSV. Not for who may not see numbers."""
    if not visit.sees_numbers:
        raise NotOurs("numbers are not shown to this user")
    wanted = _wanted(visit, visit.fields(dict(visit.query)))
    headers = {"content-disposition": 'attachment; filename="contacts.csv"'}
    return StreamingResponse(_lines(visit, wanted), headers=headers, media_type="text/csv; charset=utf-8")


DELETED: Final = ("%(num)d contact is deleted.", "%(num)d contacts are deleted.")


async def shown(visit: Visit, ids: Sequence[int]) -> list[Shown]:
    """Contacts of the account with these ids, in that order."""
    rows = await visit.db.read(contacts.rows_of, visit.account.id, list(ids)) if ids else []
    names = contacts.ROW
    return [Shown(row[0], dict(zip(names[1:-1], row[1:-1], strict=True)), bool(row[-1]), list(member)) for row, member in rows]


def _wanted(visit: Visit, form: Form) -> ContactFilter | None:
    """The filter; None where the search has no word, which finds nothing."""
    text = form.text("q", most=200)
    words = tuple(folding.words(text))
    if text and not visit.sees_numbers and any(sum(map(str.isdigit, word)) > 2 for word in words):
        form.fault("q", "You may not search for numbers.")
        return None
    if text and not words:
        return None
    group: Any = None
    if chosen := form.typed("group"):
        group = "none" if chosen == "none" else form.whole("group", default=0)
    sort = form.typed("sort") if form.typed("sort") in SORTS else "last_name"
    if sort == "phone" and not visit.sees_numbers:
        sort = "last_name"
    return ContactFilter(visit.account.id, words, group, sort)


async def _cursor(visit: Visit, wanted: ContactFilter | None, after: int) -> tuple[Any, int]:
    """The place of a contact in the order; NotOurs if it is gone."""
    found = await shown(visit, [after]) if wanted else []
    if not found or wanted is None:
        raise NotOurs("there is no such contact any more")
    return (after if wanted.sort == "id" else (found[0].texts[wanted.sort] or "")[:100]), after


def _read(visit: Visit, form: Form, phone: str | None = None) -> tuple[str, dict[str, str | None]] | None:
    """(number, texts) as typed, judged as the API judges them."""
    typed: dict[str, Any] = {name: form.text(name, most=LONGEST[name]) for name in TEXTS}
    typed["phone"] = phone or form.text("phone", required=True, most=60)
    if not form.valid:
        return None
    try:
        number, texts = read(typed, visit.services.settings["country"])
    except ContactError as error:
        form.fault(error.field, "This is not a telephone number." if error.field == "phone" else "This cannot be kept so.")
        return None
    return number, {name: texts.get(name) for name in TEXTS}


async def _form(visit: Visit, one: Shown | None, form: Form, status: int = 200) -> Response:
    all_groups = await visit.db.read(groups.entries, visit.account.id, "", 0, 200)
    return visit.page("contact.html", status=status, one=one, form=form, groups=[(str(row[0]), row[1]) for row in all_groups], texts=TEXTS)


async def _lines(visit: Visit, wanted: ContactFilter | None) -> AsyncIterator[bytes]:
    yield BOM + _line(("phone", *TEXTS, "groups"))
    cursor: tuple[Any, int] | None = None
    while wanted is not None:
        found = await visit.db.read(contact_list.window, wanted, WINDOW, cursor)
        if not found:
            return
        cursor = found[-1]
        rows = await shown(visit, [key for _, key in found])
        yield b"".join(
            _line((row.texts["phone"], *(row.texts[name] for name in TEXTS), "; ".join(name for _, name in row.groups))) for row in rows
        )


def _line(values: Sequence[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([cell(value) for value in values])
    return out.getvalue().encode("utf-8", "replace")



def _add(visit: Visit, phone: str, texts: dict[str, str | None], chosen: list[int]) -> Unit:
    key = yield from contacts.add(visit.account.id, phone, texts, chosen, folding.searchable)
    if key is not None:
        yield from visit.note("contact.added", f"contact {key}", None, {"phone": phone})
    return key


def _change(visit: Visit, one: Shown, phone: str, texts: dict[str, str | None], chosen: list[int]) -> Unit:
    done = yield from contacts.edit(visit.account.id, one.id, phone, texts, chosen, folding.searchable)
    if done:
        yield from visit.note("contact.saved", f"contact {one.id}", one.texts, texts | {"phone": phone})
    return done


def _delete(visit: Visit, ids: list[int]) -> Unit:
    number = yield from contacts.delete(visit.account.id, ids)
    yield from visit.note("contact.deleted", f"contacts {', '.join(map(str, ids[:50]))}", {"contacts": number}, None)
    return number


PAGES: Final = (
    Page("/contacts", index, "member", "contacts"),
    Page("/contacts/new", new, "member", "contact.new", BOTH),
    Page("/contacts/change", change, "member", "contacts.change", POST),
    Page("/contacts/export.csv", export, "member", "contacts.export"),
    Page("/contacts/{id:int}", edit, "member", "contact", BOTH),
)
