"""The blacklist of an account: senders that it has marked. What they send is stored like everything else, and may be withheld
(`inbox.withhold`)."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from odzew.store.db import Now, Request, Row, Rows, one


def add(account_id: int, phone: str) -> Generator[Request, Any, int]:
    """Puts a sender on the list and gives the entry's id; one that is there keeps its id and time."""
    now = yield Now()
    row = yield from one(
        """INSERT INTO blacklist (account_id, phone, added_at) VALUES (?, ?, ?)
           ON CONFLICT (account_id, phone) DO UPDATE SET phone = excluded.phone RETURNING id""",
        account_id, phone, now,
    )  # fmt: skip
    assert row is not None  # INSERT ... RETURNING
    return int(row[0])


def delete(account_id: int, phone: str) -> Generator[Request, Any, bool]:
    """Takes a sender off the list; False if it was not on it."""
    sql = "DELETE FROM blacklist WHERE account_id = ? AND phone = ? RETURNING id"
    return (yield from one(sql, account_id, phone)) is not None


def delete_all(account_id: int, phones: Sequence[str]) -> Generator[Request, Any, int]:
    """Takes these senders off the list; how many were on it. At most 1,000 in one unit, please."""
    rows = yield Rows("DELETE FROM blacklist WHERE account_id = ? AND phone IN_TEXTS(?) RETURNING id", (account_id, list(phones)))
    return len(rows)


def holds(account_id: int, phone: str) -> Generator[Request, Any, bool]:
    """Whether a sender is on the list."""
    return (yield from one("SELECT 1 FROM blacklist WHERE account_id = ? AND phone = ?", account_id, phone)) is not None


def among(senders: Iterable[tuple[int, str]]) -> Generator[Request, Any, set[tuple[int, str]]]:
    """Those of these (account id, sender) that are on the account's list: one question for all."""
    rows = yield Rows(
        """SELECT b.account_id, b.phone FROM EACH_JSON(?)
           JOIN blacklist b ON b.account_id = JSON_INT(value, 0) AND b.phone = JSON_TEXT(value, 1)""",
        (json.dumps(sorted(set(senders))),),
    )
    return {(row[0], row[1]) for row in rows}


def count(account_id: int, phone: str | None) -> Generator[Request, Any, int]:
    """How many entries there are, all of them or those of one sender."""
    row = yield from one(f"SELECT count(*) FROM blacklist WHERE {_where(phone)}", *_values(account_id, phone))
    return int(row[0]) if row else 0


def entries(account_id: int, phone: str | None, after: int, skip: int, limit: int) -> Generator[Request, Any, list[Row]]:
    """Entries (id, phone, added_at) in the order of adding, with an id beyond `after`. Leans on blacklist_listed."""
    sql = f"SELECT id, phone, added_at FROM blacklist WHERE {_where(phone)} AND id > ? ORDER BY id LIMIT ? OFFSET ?"
    rows: list[Row] = yield Rows(sql, (*_values(account_id, phone), after, limit, skip))
    return rows


def of_ids(account_id: int, ids: Sequence[int]) -> Generator[Request, Any, list[Row]]:
    """Those entries (id, phone) of these ids that are the account's."""
    rows: list[Row] = yield Rows("SELECT id, phone FROM blacklist WHERE id IN_INTS(?) AND +account_id = ?", (list(ids), account_id))
    return rows


def _where(phone: str | None) -> str:
    return "account_id = ?" if phone is None else "account_id = ? AND phone = ?"


def _values(account_id: int, phone: str | None) -> tuple[Any, ...]:
    return (account_id,) if phone is None else (account_id, phone)
