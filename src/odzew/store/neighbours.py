"""The messages beside a message in the inbox of its account."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from odzew.model import KINDS
from odzew.store import inbox_index
from odzew.store.db import Request, Rows

EACH: str = " UNION ALL ".join(
    "SELECT min(message_id) FROM inbox_index WHERE account_id = ? AND kind = ? AND message_id > ? AND message_id <= ?" for _ in KINDS
)


def beside(key: int, account_id: int) -> Generator[Request, Any, tuple[int | None, int | None]]:
    """The next newer and the next older message of an account, None at each end.

    Leans on inbox_index_kind; above its mark, which is never far from the end, on the primary key.
    """
    mark, _ = yield from inbox_index.state()
    newer: int | None = None
    if key < mark:
        values = [value for kind in KINDS for value in (account_id, kind, key, mark)]
        newer = min((row[0] for row in (yield Rows(EACH, values)) if row[0] is not None), default=None)
    if newer is None:
        rows = yield Rows("SELECT min(id) FROM messages WHERE id > ? AND account_id = ?", (max(key, mark), account_id))
        newer = rows[0][0]
    rows = yield Rows("SELECT max(id) FROM messages WHERE id > ? AND id < ? AND account_id = ?", (mark, key, account_id))
    if rows[0][0] is not None:
        return newer, rows[0][0]
    older = yield from inbox_index.newest_of(account_id, KINDS, False, 0, min(key, mark + 1), 1)
    return newer, older[0] if older else None
