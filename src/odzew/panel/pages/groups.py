"""Groups of contacts."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from odzew.errors import NotOurs
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, POST, Page
from odzew.panel.visit import Visit
from odzew.store import groups as units
from odzew.store.db import Unit
from odzew.wire import contact, folding

LIMIT: Final = 200


async def groups(visit: Visit) -> Response:
    """The list, and the form that makes one."""
    if visit.request.method == "GET":
        return await _shown(visit, visit.fields())
    form = visit.fields(await visit.form())
    name = _name(form)
    if not form.valid:
        return await _shown(visit, form, 422)
    await visit.db.write(_add, visit, name)
    return visit.go("/groups", visit.t("The group %(name)s is made.", name=name))


async def group(visit: Visit) -> Response:
    """One group: another name for it."""
    found = await visit.db.read(units.view, visit.account.id, visit.path("id"))
    if found is None:
        raise NotOurs("there is no such group")
    if visit.request.method == "GET":
        return visit.page("group.html", group=found, form=visit.fields({"name": found[1]}))
    form = visit.fields(await visit.form())
    name = _name(form)
    if form.valid and await visit.db.write(_rename, visit, found, name) == "taken":
        form.fault("name", "There is a group of this name already.")
    if not form.valid:
        return visit.page("group.html", status=422, group=found, form=form)
    return visit.go("/groups", visit.t("Saved."))


async def remove(visit: Visit) -> Response:
    """Deletes a group, with its contacts or without."""
    key, form = visit.path("id"), visit.fields(await visit.form())
    found = await visit.db.read(units.view, visit.account.id, key)
    if found is None:
        raise NotOurs("there is no such group")
    await visit.db.write(_note_removal, visit, found, form.flag("contacts"))
    await units.delete(visit.db, visit.account.id, key, form.flag("contacts"))
    return visit.go("/groups", visit.t("The group %(name)s is deleted.", name=found[1]))


def _name(form: Form) -> str:
    typed = form.text("name", required=True, most=contact.LONGEST_GROUP)
    return contact.group(typed) or ""


async def _shown(visit: Visit, form: Form, status: int = 200) -> Response:
    skip = visit.fields(dict(visit.query)).whole("skip", most=100_000) or 0
    rows = await visit.db.read(units.entries, visit.account.id, "", skip, LIMIT + 1)
    following = skip + LIMIT if len(rows) > LIMIT else None
    return visit.page("groups.html", status=status, form=form, rows=rows[:LIMIT], skip=skip, next=following)


def _add(visit: Visit, name: str) -> Unit:
    key = yield from units.add(visit.account.id, name, folding.searchable)
    yield from visit.note("group.added", f"group {key}", None, {"name": name})


def _rename(visit: Visit, found: tuple[int, str, int], name: str) -> Unit:
    done = yield from units.rename(visit.account.id, found[0], name, folding.searchable)
    if done == "unknown":
        raise NotOurs("there is no such group")
    if done == "done":
        yield from visit.note("group.saved", f"group {found[0]}", {"name": found[1]}, {"name": name})
    return done


def _note_removal(visit: Visit, found: tuple[int, str, int], with_contacts: bool) -> Unit:
    yield from visit.note("group.deleted", f"group {found[0]}", {"name": found[1], "contacts": found[2]}, {"with contacts": with_contacts})


PAGES: Final = (
    Page("/groups", groups, "member", "groups", BOTH),
    Page("/groups/{id:int}", group, "member", "group", BOTH),
    Page("/groups/{id:int}/remove", remove, "member", "group.remove", POST),
)
