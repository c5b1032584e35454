"""Groups of contacts: named once in an account. A contact may be in any number of them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final, Literal

from odzew.store import contacts
from odzew.store.contacts import Fold
from odzew.store.db import Database, Lock, Many, Request, Row, Rows, lengthy, one

BATCH: Final = 1_000  # members that leave a group in one transaction

_COLUMNS: Final = "g.id, g.name, (SELECT count(*) FROM group_members m WHERE m.group_id = g.id)"
_FOUND: Final = "g.account_id = ? AND (? = '' OR PLACE_OF(g.folded, ?) > 0)"


def add(account_id: int, name: str, fold: Fold) -> Generator[Request, Any, int]:
    """Makes a group and gives its id; one that is there stays as it is."""
    row = yield from one(
        """INSERT INTO groups (account_id, name, folded) VALUES (?, ?, ?)
           ON CONFLICT (account_id, name) DO UPDATE SET folded = excluded.folded RETURNING id""",
        account_id, name, fold(name),
    )  # fmt: skip
    assert row is not None  # INSERT ... RETURNING
    return int(row[0])


def rename(account_id: int, group_id: int, name: str, fold: Fold) -> Generator[Request, Any, Literal["done", "unknown", "taken"]]:
    """Gives a group another name. `taken`: another group of the account has it."""
    yield Lock([f"groups {account_id}"])
    rows = yield Rows("SELECT id, name FROM groups WHERE account_id = ? AND (id = ? OR name = ?)", (account_id, group_id, name))
    if group_id not in {row[0] for row in rows}:
        return "unknown"
    if len(rows) > 1:
        return "taken"
    yield Rows("UPDATE groups SET name = ?, folded = ? WHERE id = ?", (name, fold(name), group_id))
    return "done"


def view(account_id: int, group_id: int) -> Generator[Request, Any, Row | None]:
    """One group: id, name, how many contacts are in it."""
    return (yield from one(f"SELECT {_COLUMNS} FROM groups g WHERE g.id = ? AND g.account_id = ?", group_id, account_id))


def entries(account_id: int, search: str, skip: int, limit: int | None, descending: bool = False) -> Generator[Request, Any, list[Row]]:
    """Groups (id, name, how many contacts) by name, whose folded name has `search` in it; empty: all. `limit` None: to the end."""
    way = "DESC" if descending else "ASC"
    sql = f"SELECT {_COLUMNS} FROM groups g WHERE {_FOUND} ORDER BY g.name COLLATE_BYTES {way} LIMIT ? OFFSET ?"
    rows: list[Row] = yield Rows(sql, (account_id, search, search, 1 << 60 if limit is None else limit, skip))
    return rows


def count(account_id: int, search: str) -> Generator[Request, Any, int]:
    """How many groups there are of that search."""
    row = yield from one(f"SELECT count(*) FROM groups g WHERE {_FOUND}", account_id, search, search)
    return int(row[0]) if row else 0


def of_phone(account_id: int, phone: str) -> Generator[Request, Any, list[Row]]:
    """The groups that contacts with this number are in: (contact's id, group's id, its name), by name. Leans on contacts_phone."""
    sql = """SELECT c.id, g.id, g.name FROM contacts c JOIN group_members m ON m.contact_id = c.id JOIN groups g ON g.id = m.group_id
             WHERE c.account_id = ? AND c.phone = ? ORDER BY g.name COLLATE_BYTES, g.id, c.id"""
    rows: list[Row] = yield Rows(sql, (account_id, phone))
    return rows


def put_in(account_id: int, group_id: int, contact_ids: Sequence[int]) -> Generator[Request, Any, bool]:
    """Puts those of the contacts that are the account's into its group; who is in it stays. False: no such group."""
    if (yield from one("SELECT 1 FROM groups WHERE id = ? AND account_id = ? FOR_SHARE", group_id, account_id)) is None:
        return False
    sql = "SELECT id FROM contacts WHERE id IN_INTS(?) AND +account_id = ? ORDER BY id FOR_SHARE"
    own = yield Rows(sql, (list(contact_ids), account_id))
    if own:
        sql = "INSERT INTO group_members (group_id, contact_id) VALUES (?, ?) ON CONFLICT (group_id, contact_id) DO NOTHING"
        yield Many(sql, [(group_id, row[0]) for row in own])
    return True


def take_out(account_id: int, group_id: int, contact_ids: Sequence[int]) -> Generator[Request, Any, bool]:
    """Takes contacts out of a group; they stay contacts. False: no such group."""
    if (yield from one("SELECT 1 FROM groups WHERE id = ? AND account_id = ?", group_id, account_id)) is None:
        return False
    yield Rows("DELETE FROM group_members WHERE group_id = ? AND contact_id IN_INTS(?)", (group_id, list(contact_ids)))
    return True


async def delete(db: Database, account_id: int, group_id: int, with_contacts: bool = False) -> bool:
    """Deletes a group, in transactions of 1,000 members; its contacts stay, or go `with_contacts`. False: no such group.

    What was interrupted is ended by doing it again.
    """
    left = await db.write(emptied, account_id, group_id, with_contacts, BATCH)
    known: bool = left is not None
    while left:
        left = await db.write(emptied, account_id, group_id, with_contacts, BATCH)
    return known


@lengthy
def emptied(account_id: int, group_id: int, with_contacts: bool, most: int) -> Generator[Request, Any, bool | None]:
    """Lets so many members leave a group, or go with it; when none is left it goes itself. True: more are left; None: no such group."""
    if (yield from one("SELECT 1 FROM groups WHERE id = ? AND account_id = ? FOR_UPDATE", group_id, account_id)) is None:
        return None
    sql = "SELECT contact_id FROM group_members WHERE group_id = ? ORDER BY contact_id LIMIT ?"
    members = [row[0] for row in (yield Rows(sql, (group_id, most)))]
    if with_contacts:
        yield from contacts.delete(account_id, members)
    else:
        yield Rows("DELETE FROM group_members WHERE group_id = ? AND contact_id IN_INTS(?)", (group_id, members))
    if len(members) == most:
        return True
    yield Rows("DELETE FROM groups WHERE id = ?", (group_id,))
    return False
