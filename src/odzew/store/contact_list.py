"""Lists of contacts: found, sorted and paged.

A search reads one narrow index and no contact; a list that is sorted walks along the index of its column. Sorting is by the first
100 characters, octet by octet, the same on both engines.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, Literal

from odzew.store.contacts import TEXTS
from odzew.store.db import Request, Rows, one

SORTS: Final = ("id", "phone", *TEXTS)
"""Columns that a list may be sorted by."""
Cursor = tuple[Any, int]
"""(what it is sorted by, id) of a contact in a list: its place."""
MOST_WORDS: Final = 8  # of a search; each costs a look at every row


@dataclass(slots=True, frozen=True)
class ContactFilter:
    """Which contacts: of one group, of `none`, or all; those that have every one of `words`, as a part of their own words.

    `words` are folded (`wire.folding.words`), as what they are looked for in; the first 8 count.
    """

    account_id: int
    words: tuple[str, ...] = ()
    group_id: int | Literal["none"] | None = None
    sort: str = "id"
    descending: bool = False


def ids(wanted: ContactFilter, skip: int, limit: int | None) -> Generator[Request, Any, list[int]]:
    """Ids of contacts in the order asked for (those without a value first or last together), then by id.

    Leans on contacts_searched, contacts_phone and contacts_last_name with its like.
    """
    where, parameters = _conditions(wanted)
    way = "DESC" if wanted.descending else "ASC"
    order = f"c.id {way}" if wanted.sort == "id" else f"{_VALUE[wanted.sort]} {way}, c.id {way}"
    sql = f"SELECT c.id FROM contacts c WHERE {where} ORDER BY {order}"
    if limit is not None:
        sql, parameters = sql + " LIMIT ? OFFSET ?", [*parameters, limit, skip]
    return [row[0] for row in (yield Rows(sql, parameters))]


def window(wanted: ContactFilter, limit: int, after: Cursor | None = None, backward: bool = False) -> Generator[Request, Any, list[Cursor]]:
    """The next contacts behind a cursor, in the order of `ids`; `backward`: the last ones before it, in that order too.

    However far the cursor is, the same index finds its place.
    """
    where, parameters = _conditions(wanted)
    value = _VALUE[wanted.sort]
    down = wanted.descending != backward
    if after is not None:
        sign = "<" if down else ">"
        # The first condition is what an index is entered by.
        where += f" AND {value} {sign}= ? AND ({value} {sign} ? OR c.id {sign} ?)"
        parameters += [after[0], after[0], after[1]]
    way = "DESC" if down else "ASC"
    order = f"c.id {way}" if wanted.sort == "id" else f"{value} {way}, c.id {way}"
    rows = yield Rows(f"SELECT {value}, c.id FROM contacts c WHERE {where} ORDER BY {order} LIMIT ?", (*parameters, limit))
    found = [(row[0], row[1]) for row in rows]
    return found[::-1] if backward else found


_VALUE: Final = {
    "id": "c.id",
    "phone": "c.phone COLLATE_BYTES",
    **{name: f"substr(coalesce(c.{name}, ''), 1, 100) COLLATE_BYTES" for name in TEXTS},
}


def count(wanted: ContactFilter) -> Generator[Request, Any, int]:
    """How many contacts match."""
    where, parameters = _conditions(wanted)
    row = yield from one(f"SELECT count(*) FROM contacts c WHERE {where}", *parameters)
    return int(row[0]) if row else 0


def _conditions(wanted: ContactFilter) -> tuple[str, list[Any]]:
    sql, values = ["c.account_id = ?"], list[Any]([wanted.account_id])
    if wanted.group_id == "none":
        sql.append("NOT EXISTS (SELECT 1 FROM group_members m WHERE m.contact_id = c.id)")
    elif wanted.group_id is not None:
        sql.append("c.id IN (SELECT m.contact_id FROM group_members m WHERE m.group_id = ?)")
        values.append(wanted.group_id)
    if wanted.words:
        words = list(dict.fromkeys(wanted.words))[:MOST_WORDS]
        # By itself, so that SQLite finds the ids in the narrow index, whatever the list is sorted by.
        found = " AND ".join(["PLACE_OF(s.folded, ?) > 0"] * len(words))
        sql.append(f"c.id IN (SELECT s.id FROM contacts s WHERE s.account_id = ? AND {found})")
        values += [wanted.account_id, *words]
    return " AND ".join(sql), values
