"""What an operator writes in a form becomes an entry of the set-up: judged, compared and written as `odzew apply` does it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection, Generator, Mapping
from typing import Any, Final

from odzew.errors import SetupError
from odzew.panel.forms import Form
from odzew.panel.visit import Visit
from odzew.setup.edit import Section, by_field, entry, save
from odzew.setup.plan import Change, Plan
from odzew.setup.tables import Document
from odzew.store import audit
from odzew.store.db import Request

ACTIONS: Final = {"create": "added", "update": "saved", "remove": "removed"}
Mend = Callable[[Document], None]


async def write_entry(
    visit: Visit, form: Form, section: Section, values: Mapping[str, Any], fields: Collection[str], mend: Mend | None = None
) -> Plan | None:
    """Writes one entry and takes it over. None: faults were found, and are noted in the form.

    `fields` are those that the form shows, where a fault of theirs is told; `mend` may change the document after it was judged.
    """
    if not form.valid:
        return None
    try:
        document = entry(section, values, visit.services.settings["country"])
        if mend is not None:
            mend(document)
        hashes = await asyncio.to_thread(_hashes, visit.services.hash_password, document)
        plan: Plan = await visit.db.write(_write, visit, document, hashes)
    except SetupError as error:
        for field, sentence in by_field(error.faults):
            if field in fields:
                form.told(field, sentence)
            else:
                form.told("", f"{field} {form.spoken(sentence)}".strip())
        return None
    await visit.services.refresh()
    return plan


def decimal(form: Form, name: str) -> float | None:
    """A number with a point or a comma; None where nothing was typed."""
    text = form.text(name, most=30)
    if not text:
        return None
    try:
        value = float(text.replace(",", ".", 1)) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        form.fault(name, "This is not a number.")
        return None
    return value


def number_text(value: float | None) -> str:
    """A number as a field shows it; '' for none."""
    return "" if value is None else f"{value:g}"


def note_changes(visit: Visit, changes: list[Change], account_id: int | None) -> Generator[Request, Any, None]:
    """A row of the audit log for each change."""
    for change in changes:
        before = {name: value for name, value, _ in change.fields if value}
        after = {name: value for name, _, value in change.fields}
        what = f"{change.kind} {change.name}"
        yield from audit.add(
            account_id, visit.user.login, visit.address, f"{change.kind}.{ACTIONS[change.action]}", what, before, after
        )  # fmt: skip


def _write(visit: Visit, document: Document, hashes: Mapping[str, str]) -> Generator[Request, Any, Plan]:
    plan = yield from save(document, hashes)
    names = [account.name for account in document.account] + [one.account for one in document.number if isinstance(one.account, str)]
    account = next((plan.account_ids[name] for name in names if plan.account_ids.get(name, 0) > 0), None)
    yield from note_changes(visit, plan.changes, account)
    return plan


def _hashes(hash_password: Callable[[str], str], document: Document) -> dict[str, str]:
    users = [user for account in document.account for user in account.user]
    return {user.login: hash_password(user.password) for user in users if isinstance(user.password, str)}
