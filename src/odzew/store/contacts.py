"""Contacts of an account and the groups that they are in."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from odzew.store.db import Many, Request, Row, Rows, one

TEXTS: Final = ("email", "first_name", "last_name", "company", "tax_id", "address", "city", "description")
SORTS: Final = ("id", "phone", *TEXTS)
"""Columns that a list may be sorted by."""

ROW: Final = ("id", "phone", *TEXTS, "blacklist")
"""What the row of a contact holds."""

_COLUMNS = f"""c.id, c.phone, {", ".join(f"c.{name}" for name in TEXTS)},
    EXISTS (SELECT 1 FROM blacklist b WHERE b.account_id = c.account_id AND b.phone = c.phone)"""


@dataclass(slots=True, frozen=True)
class ContactFilter:
    """Which contacts: of one group, of `none`, or all; `search` is a part of any of their texts, in any case."""

    account_id: int
    search: str | None = None
    group_id: int | Literal["none"] | None = None
    sort: str = "id"
    descending: bool = False


def add(account_id: int, phone: str, texts: Mapping[str, str | None], groups: Sequence[int]) -> Generator[Request, Any, int | None]:
    """Adds a contact, a member of these groups, and gives its id; None, and nothing done, if a group is not the account's."""
    wanted = sorted(set(groups))
    own = yield Rows("SELECT id FROM groups WHERE account_id = ? AND id IN_INTS(?)", (account_id, wanted))
    if len(own) != len(wanted):
        return None
    sql = f"INSERT INTO contacts (account_id, phone, {', '.join(TEXTS)}) VALUES (?, ?{', ?' * len(TEXTS)}) RETURNING id"
    row = yield from one(sql, account_id, phone, *(texts.get(name) for name in TEXTS))
    assert row is not None  # INSERT ... RETURNING
    if wanted:
        yield Many("INSERT INTO group_members (group_id, contact_id) VALUES (?, ?)", [(group, row[0]) for group in wanted])
    return int(row[0])


def of_senders(account_id: int, senders: Sequence[str]) -> Generator[Request, Any, dict[str, dict[str, Any]]]:
    """The contact of each of these senders that has one, by phone; of several the first made. Leans on contacts_phone."""
    sql = f"""SELECT {", ".join(("phone", *TEXTS))} FROM contacts
              WHERE id IN (SELECT min(id) FROM contacts WHERE account_id = ? AND phone IN_TEXTS(?) GROUP BY phone)"""
    rows = yield Rows(sql, (account_id, list(senders)))
    return {row[0]: dict(zip(("phone", *TEXTS), row, strict=True)) for row in rows}


def ids(wanted: ContactFilter, skip: int, limit: int | None) -> Generator[Request, Any, list[int]]:
    """Ids of contacts in the order asked for (those without a value first or last together), then by id."""
    where, parameters = _conditions(wanted)
    way = "DESC" if wanted.descending else "ASC"
    assert wanted.sort in SORTS
    sql = f"SELECT c.id FROM contacts c WHERE {where} ORDER BY coalesce(c.{wanted.sort}, {_ABSENT[wanted.sort == 'id']}) {way}, c.id {way}"
    if limit is not None:
        sql, parameters = sql + " LIMIT ? OFFSET ?", [*parameters, limit, skip]
    return [row[0] for row in (yield Rows(sql, parameters))]


_ABSENT = {True: "0", False: "''"}


def count(wanted: ContactFilter) -> Generator[Request, Any, int]:
    """How many contacts match."""
    where, parameters = _conditions(wanted)
    row = yield from one(f"SELECT count(*) FROM contacts c WHERE {where}", *parameters)
    return int(row[0]) if row else 0


def rows_of(account_id: int, wanted: Sequence[int]) -> Generator[Request, Any, list[tuple[Row, list[tuple[int, str]]]]]:
    """Each contact's row (as `ROW`) and its groups (id, name) by name, in the order of `wanted`; others' contacts are left out."""
    sql = f"SELECT {_COLUMNS} FROM contacts c WHERE c.account_id = ? AND c.id IN_INTS(?)"
    found = {row[0]: row for row in (yield Rows(sql, (account_id, list(wanted))))}
    groups: dict[int, list[tuple[int, str]]] = {}
    sql = """SELECT m.contact_id, g.id, g.name FROM group_members m JOIN groups g ON g.id = m.group_id
             WHERE m.contact_id IN_INTS(?) ORDER BY g.name, g.id"""
    for contact, group, name in (yield Rows(sql, (list(found),))):
        groups.setdefault(contact, []).append((group, name))
    return [(found[key], groups.get(key, [])) for key in wanted if key in found]


def _conditions(wanted: ContactFilter) -> tuple[str, list[Any]]:
    sql, parameters = ["c.account_id = ?"], [wanted.account_id]
    members = "SELECT 1 FROM group_members m WHERE m.contact_id = c.id"
    values: list[Any] = [*parameters]
    if wanted.group_id == "none":
        sql.append(f"NOT EXISTS ({members})")
    elif wanted.group_id is not None:
        sql.append(f"EXISTS ({members} AND m.group_id = ?)")
        values.append(wanted.group_id)
    if wanted.search is not None:
        pattern = "%" + wanted.search.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        sql.append("(" + " OR ".join(f"lower(c.{name}) LIKE ? ESCAPE '!'" for name in ("phone", *TEXTS)) + ")")
        values += [pattern] * (len(TEXTS) + 1)
    return " AND ".join(sql), values
