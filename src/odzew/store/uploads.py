"""Files of contacts between upload and import, so that any process can go on with them. One of each user; forgotten after an hour."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from odzew.clock import HOUR
from odzew.store.db import Request, Rows, one

KEPT: Final = HOUR  # microseconds
PIECE: Final = 1 << 20
"""Octets of one piece: a transaction of its own, so that what is received in between need not wait long."""


@dataclass(slots=True, frozen=True)
class Upload:
    """A file that was sent; `pieces` is how many it has."""

    id: int
    name: str
    pieces: int


def begin(account_id: int, login: str, name: str, now: int) -> Generator[Request, Any, int]:
    """The id of a new upload, in place of the user's last one; what is over is forgotten. Leans on contact_uploads_login."""
    yield from _forget("(account_id = ? AND login = ?) OR expires_at <= ?", account_id, login, now)
    sql = "INSERT INTO contact_uploads (account_id, login, name, expires_at) VALUES (?, ?, ?, ?) RETURNING id"
    row = yield from one(sql, account_id, login, name, now + KEPT)
    assert row is not None  # INSERT ... RETURNING
    return int(row[0])


def add(upload_id: int, number: int, data: bytes) -> Generator[Request, Any, None]:
    """Adds a piece; pieces are numbered from 0."""
    yield Rows("INSERT INTO contact_upload_pieces (upload_id, number, data) VALUES (?, ?, ?)", (upload_id, number, data))


def find(account_id: int, login: str, upload_id: int, now: int) -> Generator[Request, Any, Upload | None]:
    """The user's upload of this id; None: there is no such, or its time is over."""
    row = yield from one(
        """SELECT id, name, (SELECT count(*) FROM contact_upload_pieces p WHERE p.upload_id = u.id) FROM contact_uploads u
           WHERE id = ? AND account_id = ? AND login = ? AND expires_at > ?""",
        upload_id, account_id, login, now,
    )  # fmt: skip
    return None if row is None else Upload(row[0], row[1], row[2])


def piece(upload_id: int, number: int) -> Generator[Request, Any, bytes]:
    """One piece; empty where there is none."""
    row = yield from one("SELECT data FROM contact_upload_pieces WHERE upload_id = ? AND number = ?", upload_id, number)
    return b"" if row is None else bytes(row[0])


def drop(upload_id: int) -> Generator[Request, Any, None]:
    """Forgets one."""
    yield from _forget("id = ?", upload_id)


def sweep(now: int) -> Generator[Request, Any, int]:
    """Forgets what is over: how many. There are few of them: one of each user who imports."""
    return (yield from _forget("expires_at <= ?", now))


def _forget(condition: str, *parameters: Any) -> Generator[Request, Any, int]:
    gone = [row[0] for row in (yield Rows(f"DELETE FROM contact_uploads WHERE {condition} RETURNING id", parameters))]
    if gone:
        yield Rows("DELETE FROM contact_upload_pieces WHERE upload_id IN_INTS(?)", (gone,))
    return len(gone)
