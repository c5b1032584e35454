"""The write side of accounts, users and tokens (read side: `store.directory`), and of contacts and blacklist many at once.

Callers bump `directory` for accounts, users and tokens; contacts and the blacklist are not in the directory.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from odzew.model import Account, Token, User
from odzew.store.contacts import TEXTS, Fold
from odzew.store.db import Lock, Many, Now, Request, Rows, lengthy


def save_accounts(accounts: Sequence[Account]) -> Generator[Request, Any, dict[str, int]]:
    """Creates or updates each by its name; gives their ids by name. The ids of the given objects do not matter."""
    yield Many(
        """INSERT INTO accounts (name, company, time_zone, language, active, allow_from, forward_allow, reply_window_days,
                                 alarm_to, per_second)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE
           SET company = excluded.company, time_zone = excluded.time_zone, language = excluded.language, active = excluded.active,
               allow_from = excluded.allow_from, forward_allow = excluded.forward_allow, reply_window_days = excluded.reply_window_days,
               alarm_to = excluded.alarm_to, per_second = excluded.per_second""",
        [
            (
                a.name, a.company, a.time_zone, a.language, int(a.active), json.dumps(a.allow_from), json.dumps(a.forward_allow),
                float(a.reply_window_days), json.dumps(a.alarm_to), a.per_second,
            )
            for a in accounts
        ],
    )  # fmt: skip
    rows = yield Rows("SELECT name, id FROM accounts WHERE name IN_TEXTS(?)", ([account.name for account in accounts],))
    return {row[0]: row[1] for row in rows}


def save_users(users: Sequence[User]) -> Generator[Request, Any, None]:
    """Creates or updates each by its log-in. A user never goes to another account this way."""
    yield Many(
        """INSERT INTO users (account_id, login, password_hash, roles, allow_from) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (login) DO UPDATE
           SET password_hash = excluded.password_hash, roles = excluded.roles, allow_from = excluded.allow_from""",
        [(u.account_id, u.login, u.password_hash, json.dumps(u.roles), json.dumps(u.allow_from)) for u in users],
    )


def save_tokens(tokens: Sequence[Token]) -> Generator[Request, Any, None]:
    """Creates or updates each by its account (None: the operator) and name. Leans on tokens_name."""
    now = yield Now()
    yield Many(
        """INSERT INTO tokens (account_id, name, sha256, allow_from, roles, created_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (coalesce(account_id, 0), name) DO UPDATE
           SET sha256 = excluded.sha256, allow_from = excluded.allow_from, roles = excluded.roles""",
        [(t.account_id, t.name, t.sha256, json.dumps(t.allow_from), json.dumps(t.roles), now) for t in tokens],
    )


def remove_token(account_id: int | None, name: str) -> Generator[Request, Any, bool]:
    """Takes a token away for good; whether there was one. Leans on tokens_name."""
    rows = yield Rows("DELETE FROM tokens WHERE coalesce(account_id, 0) = ? AND name = ? RETURNING id", (account_id or 0, name))
    return bool(rows)


@dataclass(frozen=True, slots=True)
class Listed:
    """A contact: its texts by name (as `contacts.TEXTS`) and the names of its groups. `id` None: not stored yet."""

    id: int | None
    phone: str
    texts: Mapping[str, str | None]
    groups: frozenset[str] = frozenset()


def listed(account_id: int, phones: Sequence[str]) -> Generator[Request, Any, dict[str, Listed]]:
    """The contacts with these numbers, by number; of several the first made. Leans on contacts_phone."""
    rows = yield Rows(
        f"""SELECT id, phone, {", ".join(TEXTS)} FROM contacts
            WHERE id IN (SELECT min(id) FROM contacts WHERE account_id = ? AND phone IN_TEXTS(?) GROUP BY phone)""",
        (account_id, list(phones)),
    )
    members = yield Rows(
        "SELECT m.contact_id, g.name FROM group_members m JOIN groups g ON g.id = m.group_id WHERE m.contact_id IN_INTS(?)",
        ([row[0] for row in rows],),
    )
    groups: dict[int, set[str]] = {}
    for contact, name in members:
        groups.setdefault(contact, set()).add(name)
    return {row[1]: Listed(row[0], row[1], dict(zip(TEXTS, row[2:], strict=True)), frozenset(groups.get(row[0], ()))) for row in rows}


def save_listed(account_id: int, contacts: Sequence[Listed], fold: Fold) -> Generator[Request, Any, None]:
    """Creates those without an id and updates the others; groups that are missing are made. No contact leaves a group."""
    rows = [(c, [c.texts.get(name) for name in TEXTS]) for c in contacts]
    new = [(account_id, c.phone, *values, fold(c.phone, *values)) for c, values in rows if c.id is None]
    old = [(*values, fold(c.phone, *values), c.id) for c, values in rows if c.id is not None]
    if new:
        yield Many(f"INSERT INTO contacts (account_id, phone, {', '.join(TEXTS)}, folded) VALUES (?, ?{', ?' * len(TEXTS)}, ?)", new)
    if old:
        yield Many(f"UPDATE contacts SET {', '.join(f'{name} = ?' for name in TEXTS)}, folded = ? WHERE id = ?", old)
    names = sorted({name for contact in contacts for name in contact.groups})
    if not names:
        return
    sql = "INSERT INTO groups (account_id, name, folded) VALUES (?, ?, ?) ON CONFLICT (account_id, name) DO NOTHING"
    yield Many(sql, [(account_id, name, fold(name)) for name in names])
    ids = dict((yield Rows("SELECT name, id FROM groups WHERE account_id = ? AND name IN_TEXTS(?)", (account_id, names))))
    stored = yield from listed(account_id, [contact.phone for contact in contacts])
    pairs = [(ids[name], stored[contact.phone].id) for contact in contacts for name in sorted(contact.groups)]
    yield Many("INSERT INTO group_members (group_id, contact_id) VALUES (?, ?) ON CONFLICT (group_id, contact_id) DO NOTHING", pairs)


Brought = tuple[int, int]
"""How many contacts are new, and how many were there."""


@lengthy
def bring(
    account_id: int, rows: Sequence[tuple[str, Mapping[str, str]]], group: str | None, fold: Fold
) -> Generator[Request, Any, Brought]:
    """Brings in contacts (number, texts that are known), each a member of the group of that name; at most 1,000 rows, please.

    A number that is among the contacts is not added again: its first contact gets the texts that the row has and keeps the others. So
    the same rows may be brought again.
    """
    yield Lock([f"contacts {account_id}"])  # two that bring the same number at once
    present = yield from listed(account_id, [phone for phone, _ in rows])
    now: dict[str, Listed] = {}
    for phone, texts in rows:
        before = now.get(phone) or present.get(phone) or Listed(None, phone, {})
        now[phone] = replace(before, texts={**before.texts, **texts}, groups=before.groups | ({group} if group else set()))
    changed = [contact for phone, contact in now.items() if contact != present.get(phone)]
    yield from save_listed(account_id, changed, fold)
    created = sum(contact.id is None for contact in changed)
    return created, len(now) - created


def blacklisted(account_id: int, phones: Sequence[str]) -> Generator[Request, Any, set[str]]:
    """Those of the numbers that are on the account's blacklist."""
    rows = yield Rows("SELECT phone FROM blacklist WHERE account_id = ? AND phone IN_TEXTS(?)", (account_id, list(phones)))
    return {row[0] for row in rows}


def save_blacklisted(account_id: int, phones: Sequence[str]) -> Generator[Request, Any, None]:
    """Puts numbers on the blacklist; those that are on it keep their time."""
    now = yield Now()
    sql = "INSERT INTO blacklist (account_id, phone, added_at) VALUES (?, ?, ?) ON CONFLICT (account_id, phone) DO NOTHING"
    yield Many(sql, [(account_id, phone, now) for phone in phones])
