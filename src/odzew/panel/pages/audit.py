"""The audit log: who changed what, when, from where."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from odzew.panel.acts import ACTS, SUBJECTS, shown, thing
from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store import audit
from odzew.store.audit import Entry
from odzew.store.inbox_lines import EVERYBODY

LIMIT: Final = 50


@dataclass(slots=True, frozen=True)
class Line:
    """An entry as it is shown: `what` is '' for an act that has no words."""

    entry: Entry
    what: str
    thing: str
    changes: list[tuple[str, Any, Any]]


async def of_account(visit: Visit) -> Response:
    """What was changed in the account that is looked at."""
    return await _listed(visit, visit.account.id, "audit")


async def of_all(visit: Visit) -> Response:
    """What was changed anywhere."""
    return await _listed(visit, EVERYBODY, "operator.audit")


async def _listed(visit: Visit, account_id: int, page: str) -> Response:
    form = visit.fields(dict(visit.query))
    who, before = form.text("who", most=200) or None, form.whole("before", least=1)
    subject = form.choice("about", ("", *SUBJECTS))
    unit = functools.partial(audit.page, who=who, action=subject or None)
    entries, older = await visit.db.read(unit, account_id, before, LIMIT)
    accounts = {key: account.company or account.name for key, account in visit.directory.accounts.items()}
    return visit.page(
        "audit.html", lines=[_line(visit, entry) for entry in entries], older=older, before=before, form=form, page=page,
        subjects=[("", visit.t("everything")), *sorted(((key, visit.t(text)) for key, text in SUBJECTS.items()), key=lambda pair: pair[1])],
        accounts=accounts if account_id == EVERYBODY else None,
        kept={name: visit.query[name] for name in ("who", "about") if visit.query.get(name)},
    )  # fmt: skip


def _line(visit: Visit, entry: Entry) -> Line:
    whole, words = visit.sees_numbers, ACTS.get(entry.action, "")
    counted = functools.partial(visit.services.words.counted, visit.language)
    changes = [(name, shown(before, whole), shown(after, whole)) for name, before, after in changes_of(entry.detail)]
    return Line(entry, visit.t(words) if words else "", thing(visit.t, counted, shown(entry.object, whole)), changes)


def changes_of(detail: str) -> list[tuple[str, Any, Any]]:
    """(name, before, after) of what differs, from the stored JSON; what cannot be read is nothing."""
    try:
        found = json.loads(detail or "{}")
    except ValueError:
        return []
    before, after = found.get("before") or {}, found.get("after") or {}
    return [(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]


PAGES: Final = (
    Page("/account/audit", of_account, "owner", "audit"),
    Page("/operator/audit", of_all, "operator", "operator.audit"),
)
