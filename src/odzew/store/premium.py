"""Received premium messages, all but those that are withheld: the API's read mark says nothing here."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from odzew.store.db import Request, Row, Rows, one


def entries(account_id: int, after: int, skip: int, limit: int) -> Generator[Request, Any, list[Row]]:
    """Messages (id, recipient, sender, received_at, text) in the order of storing, with an id beyond `after`. Leans on messages_premium."""
    sql = """SELECT id, recipient, sender, received_at, text FROM messages
             WHERE account_id = ? AND kind = 'pre' AND withheld IS NULL AND id > ? ORDER BY id LIMIT ? OFFSET ?"""
    rows: list[Row] = yield Rows(sql, (account_id, after, limit, skip))
    return rows


def count(account_id: int) -> Generator[Request, Any, int]:
    """How many there are."""
    row = yield from one("SELECT count(*) FROM messages WHERE account_id = ? AND kind = 'pre' AND withheld IS NULL", account_id)
    return int(row[0]) if row else 0
