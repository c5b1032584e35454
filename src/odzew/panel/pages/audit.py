"""The audit log: who changed what, when, from where."""

from __future__ import annotations

import functools
import json
from typing import Any, Final

from starlette.responses import Response

from odzew.panel.page import Page
from odzew.panel.visit import Visit
from odzew.store import audit
from odzew.store.inbox_lines import EVERYBODY

LIMIT: Final = 50
SUBJECTS: Final = (
    "target", "keyword", "number", "user", "token", "session", "login", "contact", "group", "blacklist", "messages", "account", "source",
)  # fmt: skip


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
    unit = functools.partial(audit.page, who=who, action=f"{subject}." if subject else None)
    entries, older = await visit.db.read(unit, account_id, before, LIMIT)
    accounts = {key: account.company or account.name for key, account in visit.directory.accounts.items()}
    return visit.page(
        "audit.html", entries=[(entry, changes_of(entry.detail)) for entry in entries], older=older, before=before, form=form, page=page,
        subjects=[("", visit.t("everything")), *((word, word) for word in SUBJECTS)],
        accounts=accounts if account_id == EVERYBODY else None,
        kept={name: visit.query[name] for name in ("who", "about") if visit.query.get(name)},
    )  # fmt: skip


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
