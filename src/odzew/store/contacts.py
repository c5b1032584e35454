"""Contacts of an account: one at a time, and the groups that they are in. Lists of them: `store.contact_list`.

Whoever writes a text gives `fold` with it, which makes of the texts the words that a search looks through (`wire.folding.searchable`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from odzew.store.db import Many, Request, Row, Rows, one

TEXTS: Final = ("email", "first_name", "last_name", "company", "tax_id", "address", "city", "description")
ROW: Final = ("id", "phone", *TEXTS, "blacklist")
"""What the row of a contact holds."""

Fold = Callable[..., str]
"""(text or None, ...) -> their folded words."""

_COLUMNS = f"""c.id, c.phone, {", ".join(f"c.{name}" for name in TEXTS)},
    EXISTS (SELECT 1 FROM blacklist b WHERE b.account_id = c.account_id AND b.phone = c.phone)"""


def add(
    account_id: int, phone: str, texts: Mapping[str, str | None], groups: Sequence[int], fold: Fold
) -> Generator[Request, Any, int | None]:
    """Adds a contact, a member of these groups, and gives its id; None, and nothing done, if a group is not the account's."""
    wanted = yield from _own(account_id, groups)
    if wanted is None:
        return None
    values = [texts.get(name) for name in TEXTS]
    sql = f"INSERT INTO contacts (account_id, phone, {', '.join(TEXTS)}, folded) VALUES (?, ?{', ?' * len(TEXTS)}, ?) RETURNING id"
    row = yield from one(sql, account_id, phone, *values, fold(phone, *values))
    assert row is not None  # INSERT ... RETURNING
    yield from _put_in(row[0], wanted)
    return int(row[0])


def edit(
    account_id: int, contact_id: int, phone: str | None, texts: Mapping[str, str | None], groups: Sequence[int] | None, fold: Fold
) -> Generator[Request, Any, bool]:
    """Changes what is given: the number (None: it stays), the texts that are in `texts` (None there: taken away), and the groups that
    it is in (None: they stay). False, and nothing done, if the contact or a group is not the account's."""
    wanted = yield from _own(account_id, groups or ())
    columns = ", ".join(("phone", *TEXTS))
    found = yield from one(f"SELECT {columns} FROM contacts WHERE id = ? AND account_id = ? FOR_UPDATE", contact_id, account_id)
    if wanted is None or found is None:
        return False
    now = dict(zip(("phone", *TEXTS), found, strict=True)) | dict(texts) | ({} if phone is None else {"phone": phone})
    values = [now[name] for name in ("phone", *TEXTS)]
    sql = f"UPDATE contacts SET phone = ?, {', '.join(f'{name} = ?' for name in TEXTS)}, folded = ? WHERE id = ?"
    yield Rows(sql, (*values, fold(*values), contact_id))
    if groups is not None:
        yield Rows("DELETE FROM group_members WHERE contact_id = ?", (contact_id,))
        yield from _put_in(contact_id, wanted)
    return True


def delete(account_id: int, contact_ids: Sequence[int]) -> Generator[Request, Any, int]:
    """Deletes those of the contacts that are the account's, out of their groups too; how many. At most 1,000 in one unit, please."""
    sql = "SELECT id FROM contacts WHERE id IN_INTS(?) AND +account_id = ? ORDER BY id FOR_UPDATE"
    own = [row[0] for row in (yield Rows(sql, (list(contact_ids), account_id)))]
    if own:
        yield Rows("DELETE FROM group_members WHERE contact_id IN_INTS(?)", (own,))
        yield Rows("DELETE FROM contacts WHERE id IN_INTS(?)", (own,))
    return len(own)


def of_senders(account_id: int, senders: Sequence[str]) -> Generator[Request, Any, dict[str, dict[str, Any]]]:
    """The contact of each of these senders that has one, by phone; of several the first made. Leans on contacts_phone."""
    sql = f"""SELECT {", ".join(("phone", *TEXTS))} FROM contacts
              WHERE id IN (SELECT min(id) FROM contacts WHERE account_id = ? AND phone IN_TEXTS(?) GROUP BY phone)"""
    rows = yield Rows(sql, (account_id, list(senders)))
    return {row[0]: dict(zip(("phone", *TEXTS), row, strict=True)) for row in rows}


def rows_of(account_id: int, wanted: Sequence[int]) -> Generator[Request, Any, list[tuple[Row, list[tuple[int, str]]]]]:
    """Each contact's row (as `ROW`) and its groups (id, name) by name, in the order of `wanted`; others' contacts are left out."""
    # The plus keeps SQLite from walking through the whole account.
    sql = f"SELECT {_COLUMNS} FROM contacts c WHERE +c.account_id = ? AND c.id IN_INTS(?)"
    found = {row[0]: row for row in (yield Rows(sql, (account_id, list(wanted))))}
    groups: dict[int, list[tuple[int, str]]] = {}
    sql = """SELECT m.contact_id, g.id, g.name FROM group_members m JOIN groups g ON g.id = m.group_id
             WHERE m.contact_id IN_INTS(?) ORDER BY g.name COLLATE_BYTES, g.id"""
    for contact, group, name in (yield Rows(sql, (list(found),))):
        groups.setdefault(contact, []).append((group, name))
    return [(found[key], groups.get(key, [])) for key in wanted if key in found]


def _own(account_id: int, groups: Sequence[int]) -> Generator[Request, Any, list[int] | None]:
    """The groups, each once; None if one is not the account's. They stay until the end of the transaction."""
    wanted = sorted(set(groups))
    if not wanted:
        return []
    rows = yield Rows("SELECT id FROM groups WHERE account_id = ? AND id IN_INTS(?) ORDER BY id FOR_SHARE", (account_id, wanted))
    return wanted if len(rows) == len(wanted) else None


def _put_in(contact_id: int, groups: Sequence[int]) -> Generator[Request, Any, None]:
    if groups:
        yield Many("INSERT INTO group_members (group_id, contact_id) VALUES (?, ?)", [(group, contact_id) for group in groups])
