"""Contacts and blacklist of a document: long lists, so they are brought in batches, each a transaction of its own.

A batch that was interrupted is brought by applying the same file again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, TypeVar

from odzew.setup.plan import Change, given
from odzew.setup.tables import AccountTable, ContactTable
from odzew.store.contacts import TEXTS
from odzew.store.db import Database, Request
from odzew.store.people import Listed, blacklisted, listed, save_blacklisted, save_listed
from odzew.wire.folding import searchable

BATCH = 1000  # rows in one transaction beside a running server

_Counts = Counter[str]
_ACTIONS: Final[tuple[Literal["create", "update"], ...]] = ("create", "update")
_T = TypeVar("_T")


async def bring_lists(db: Database, account: AccountTable, account_id: int | None, dry_run: bool) -> list[Change]:
    """Writes what is new or different and says how many; with `dry_run` only says. `account_id` None: the account is not there yet."""
    if account_id is None:
        return _changes(account.name, Counter(create=len(account.contact)), Counter(create=len(account.blacklisted)))
    run = db.read if dry_run else db.write
    contacts: _Counts = Counter()
    for batch in _batches(account.contact):
        contacts.update(await run(_bring_contacts, account_id, batch, not dry_run))
    entries: _Counts = Counter()
    for phones in _batches([entry.phone for entry in account.blacklisted]):
        entries.update(await run(_bring_blacklisted, account_id, phones, not dry_run))
    return _changes(account.name, contacts, entries)


def _bring_contacts(account_id: int, batch: Sequence[ContactTable], write: bool) -> Generator[Request, Any, _Counts]:
    present = yield from listed(account_id, [table.phone for table in batch])
    changed = []
    for table in batch:
        before = present.get(table.phone) or Listed(None, table.phone, {})
        texts = {name: value or None for name, value in given(table, TEXTS).items()}
        groups = before.groups | frozenset(given(table, ("group",)).values())
        after = replace(before, texts={**before.texts, **texts}, groups=groups)
        if before.id is None or after != before:
            changed.append(after)
    if write and changed:
        yield from save_listed(account_id, changed, searchable)
    created = sum(contact.id is None for contact in changed)
    return Counter(create=created, update=len(changed) - created)


def _bring_blacklisted(account_id: int, phones: Sequence[str], write: bool) -> Generator[Request, Any, _Counts]:
    there = yield from blacklisted(account_id, phones)
    missing = [phone for phone in phones if phone not in there]
    if write and missing:
        yield from save_blacklisted(account_id, missing)
    return Counter(create=len(missing))


def _batches(rows: Sequence[_T]) -> list[Sequence[_T]]:
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def _changes(account: str, contacts: _Counts, entries: _Counts) -> list[Change]:
    return [
        Change(kind, f"of {account}: {counts[action]} in number", action)
        for kind, counts in (("contacts", contacts), ("blacklist", entries))
        for action in _ACTIONS
        if counts[action]
    ]
