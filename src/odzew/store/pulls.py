"""Pulls: the answers with `read` that are on their way. An open pull knows what it has marked, so that it can be taken back."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Sequence
from typing import Any

from odzew.store.db import Now, Request, Rows, one
from odzew.store.unread import mark, unmark


def begin(account_id: int, process: str) -> Generator[Request, Any, int]:
    """Opens a pull of this process and gives its id."""
    now = yield Now()
    row = yield from one(
        "INSERT INTO pulls (account_id, process, started_at) VALUES (?, ?, ?) RETURNING id", account_id, process, now
    )
    assert row is not None  # INSERT ... RETURNING
    return int(row[0])


def add_window(pull: int, position: int, ids: Sequence[int]) -> Generator[Request, Any, None]:
    """Marks these messages and keeps their ids with the pull."""
    now = yield Now()
    yield from mark(ids, pull, now)
    sql = "INSERT INTO pull_windows (pull_id, position, message_ids) VALUES (?, ?, ?)"
    yield Rows(sql, (pull, position, json.dumps(list(ids), separators=(",", ":"))))


def close(pull: int) -> Generator[Request, Any, None]:
    """The answer has been sent whole: its marks stay for good."""
    yield Rows("DELETE FROM pull_windows WHERE pull_id = ?", (pull,))
    yield Rows("DELETE FROM pulls WHERE id = ?", (pull,))


def take_back_window(pull: int) -> Generator[Request, Any, int | None]:
    """Takes back the marks of one window of an open pull, so that no transaction is long; call it until it gives None.

    Gives the account whose messages are offered again. The pull is gone with its last window.
    """
    found = yield from one("SELECT account_id FROM pulls WHERE id = ? FOR_UPDATE", pull)
    if found is None:
        return None
    window = yield from one("SELECT position, message_ids FROM pull_windows WHERE pull_id = ? ORDER BY position LIMIT 1", pull)
    if window is None:
        yield Rows("DELETE FROM pulls WHERE id = ?", (pull,))
        return None
    yield from unmark(json.loads(window[1]), pull)
    yield Rows("DELETE FROM pull_windows WHERE pull_id = ? AND position = ?", (pull, window[0]))
    return int(found[0])


def open_pulls(live: Collection[str]) -> Generator[Request, Any, list[int]]:
    """The open pulls of all processes but the live ones, oldest first."""
    rows = yield Rows("SELECT id, process FROM pulls ORDER BY id")
    return [row[0] for row in rows if row[1] not in live]
