"""Pages of deliveries: by state, account, target and time. No page reads more than it gives, but for a bounded number of rows.

What did not arrive is found by its indexes, newest end first; what is pending in `owed`, soonest due first. Everything else is
looked for by walking back along the ids, a bounded way for each page.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from odzew.errors import NotOurs
from odzew.model import DeliveryState
from odzew.store.db import Request, Rows, one
from odzew.store.lookup import DELIVERY, NEWEST, DeliveryRow

ENDED: Final[tuple[DeliveryState, ...]] = ("exhausted", "cancelled")
"""States that are indexed by when they were reached."""
WALKED: Final = 5_000  # rows looked at for one page

_JOINED: Final = "FROM deliveries d LEFT JOIN owed o ON o.delivery_id = d.id LEFT JOIN targets t ON t.id = d.target_id"
_FROM_OWED: Final = "FROM owed o JOIN deliveries d ON d.id = o.delivery_id LEFT JOIN targets t ON t.id = d.target_id"


@dataclass(slots=True, frozen=True)
class Wanted:
    """Which deliveries; None: any. From `since` on and before `until` it ended, or, where it is pending, it is due."""

    state: DeliveryState | None = None
    account_id: int | None = None
    target_id: int | None = None
    since: int | None = None
    until: int | None = None


Clauses = tuple[list[str], list[Any]]
Page = tuple[list[DeliveryRow], int | None]
"""Rows, and the id after which the next page goes on (None: there is none). A page may be empty and have a next one."""


def page(wanted: Wanted, after: int | None, limit: int) -> Generator[Request, Any, Page]:
    """One page. NotOurs where the delivery `after` which it should go on is no longer in that list."""
    if wanted.state in ENDED:
        return (yield from _ended(wanted, after, limit))
    if wanted.state == "pending":
        return (yield from _pending(wanted, after, limit))
    return (yield from _walk(wanted, after, limit))


def conditions(wanted: Wanted, instant: str) -> Clauses:
    """SQL conditions on `d`, and their values; the time is that of the column `instant`."""
    found = [
        ("d.target_id = ?", wanted.target_id), ("d.account_id = ?", wanted.account_id),
        (f"{instant} >= ?", wanted.since), (f"{instant} < ?", wanted.until),
    ]  # fmt: skip
    clauses = [sql for sql, value in found if value is not None]
    if wanted.state in ENDED:
        # Both: the first is the condition of the indexes word for word, the second leads them.
        clauses = ["d.state IN ('exhausted', 'cancelled')", f"d.state = '{wanted.state}'", *clauses]
    elif wanted.state is not None and wanted.state != "pending":
        clauses.append(f"d.state = '{wanted.state}'")
    return clauses, [value for _, value in found if value is not None]


def _ended(wanted: Wanted, after: int | None, limit: int) -> Generator[Request, Any, Page]:
    """Leans on deliveries_ended and its two brothers."""
    clauses, values = conditions(wanted, "d.ended_at")
    if after is not None:
        row = yield from one("SELECT ended_at FROM deliveries WHERE id = ? AND state = ?", after, wanted.state)
        if row is None:
            raise NotOurs(f"delivery {after} is no longer {wanted.state}: begin the list anew")
        clauses.append("(d.ended_at, d.id) < (?, ?)")
        values += [row[0], after]
    sql = f"{DELIVERY} {_JOINED} WHERE {' AND '.join(clauses)} ORDER BY d.ended_at DESC, d.id DESC LIMIT ?"
    return _paged([DeliveryRow(*row) for row in (yield Rows(sql, [*values, limit]))], limit)


def _pending(wanted: Wanted, after: int | None, limit: int) -> Generator[Request, Any, Page]:
    """Leans on owed_due, or for a target on owed_target."""
    place: tuple[int, int] | None = None
    if after is not None:
        row = yield from one("SELECT due_at FROM owed WHERE delivery_id = ?", after)
        if row is None:
            raise NotOurs(f"delivery {after} is no longer pending: begin the list anew")
        place = (row[0], after)
    if wanted.target_id is None and wanted.account_id is not None:
        rows = yield from _pending_of_account(wanted, wanted.account_id, place, limit)
    else:
        rows = yield from _due(wanted, wanted.target_id, place, limit)
    rows, more = _paged(rows, limit)
    return [row for row in rows if wanted.account_id in (None, row.account_id)], more


def _pending_of_account(
    wanted: Wanted, account: int, place: tuple[int, int] | None, limit: int
) -> Generator[Request, Any, list[DeliveryRow]]:
    found: list[DeliveryRow] = []
    sql = "SELECT id FROM targets t WHERE account_id = ? AND EXISTS (SELECT 1 FROM owed o WHERE o.target_id = t.id)"
    for (target,) in (yield Rows(sql, (account,))):
        found += yield from _due(wanted, target, place, limit)
    return heapq.nsmallest(limit, found, key=lambda row: (row.due_at or 0, row.id))


def _due(wanted: Wanted, target: int | None, place: tuple[int, int] | None, limit: int) -> Generator[Request, Any, list[DeliveryRow]]:
    found = [("o.target_id = ?", target), ("o.due_at >= ?", wanted.since), ("o.due_at < ?", wanted.until)]
    clauses = [sql for sql, value in found if value is not None]
    values: list[Any] = [value for _, value in found if value is not None]
    if place is not None:
        clauses.append("(o.due_at, o.delivery_id) > (?, ?)")
        values += place
    where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
    sql = f"{DELIVERY} {_FROM_OWED} {where} ORDER BY o.due_at, o.delivery_id LIMIT ?"
    return [DeliveryRow(*row) for row in (yield Rows(sql, [*values, limit]))]


def _walk(wanted: Wanted, after: int | None, limit: int) -> Generator[Request, Any, Page]:
    """Walks back along the ids, a bounded number of rows."""
    before = after or NEWEST
    sql = "SELECT min(id) FROM (SELECT id FROM deliveries WHERE id < ? ORDER BY id DESC LIMIT ?) AS walked"
    row = yield from one(sql, before, WALKED)
    if row is None or row[0] is None:
        return [], None
    clauses, values = conditions(wanted, "d.ended_at")
    where = " AND ".join(["d.id < ?", "d.id >= ?", *clauses])
    sql = f"{DELIVERY} {_JOINED} WHERE {where} ORDER BY d.id DESC LIMIT ?"
    rows = [DeliveryRow(*found) for found in (yield Rows(sql, [before, row[0], *values, limit]))]
    return rows, rows[-1].id if len(rows) == limit else row[0]


def _paged(rows: list[DeliveryRow], limit: int) -> Page:
    return rows, rows[-1].id if len(rows) == limit else None
