"""Pulls: the answers with `read` that are on their way. An open pull knows what it has marked, so that it can be taken back."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Sequence
from typing import Any

from odzew.errors import StoreUnavailable
from odzew.store.db import Now, Request, Rows, lengthy, one
from odzew.store.unread import mark, unmark


def begin(account_id: int, owner: str) -> Generator[Request, Any, int]:
    """Opens a pull and gives its id. `owner` is `process#number`, unique, so that it can be found when the commit's answer is lost."""
    now = yield Now()
    row = yield from one("INSERT INTO pulls (account_id, process, started_at) VALUES (?, ?, ?) RETURNING id", account_id, owner, now)
    assert row is not None  # INSERT ... RETURNING
    return int(row[0])


def add_window(pull: int, position: int, ids: Sequence[int]) -> Generator[Request, Any, None]:
    """Marks these messages and keeps their ids with the pull. StoreUnavailable if the pull was taken back meanwhile."""
    if (yield from one("SELECT id FROM pulls WHERE id = ? FOR_UPDATE", pull)) is None:
        # Our lease ended while the client was slow: what he has got is offered again, so he must not get a whole answer.
        raise StoreUnavailable("the pull was taken back")
    now = yield Now()
    yield from mark(ids, pull, now)
    sql = "INSERT INTO pull_windows (pull_id, position, message_ids) VALUES (?, ?, ?)"
    yield Rows(sql, (pull, position, json.dumps(list(ids), separators=(",", ":"))))


def close(pull: int) -> Generator[Request, Any, None]:
    """The answer has been sent whole: its marks stay for good."""
    yield Rows("DELETE FROM pull_windows WHERE pull_id = ?", (pull,))
    yield Rows("DELETE FROM pulls WHERE id = ?", (pull,))


@lengthy
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
    return [row[0] for row in rows if row[1].partition("#")[0] not in live]


def owned_by(owner: str) -> Generator[Request, Any, int | None]:
    """The open pull that `begin` made for this owner, if there is one."""
    row = yield from one("SELECT id FROM pulls WHERE process = ?", owner)
    return None if row is None else int(row[0])
