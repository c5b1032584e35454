"""What the pull API still offers: messages without a read mark, found by narrow indexes of their own.

A poll costs what it returns: the rows come in the order of messages_unread (for one type, of messages_unread_kind; for few senders, of
messages_unread_sender) from a cursor on, never more than asked for. A window is bounded in rows and in the text that it holds.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.store.db import Request, Row, Rows

WINDOW: Final = 1_000  # rows
INLINE: Final = 2_048  # characters of a text that comes with its row; longer ones are fetched singly
LONG_TEXTS: Final = 1 << 20  # characters of such longer texts after which a window ends
FEW: Final = 64  # senders that are looked up each by itself; for more, walking along what is unread is cheaper than sorting
FARTHEST: Final = 1 << 60  # rows that can be skipped

Cursor = tuple[int, int]  # (received_at, id) of the last row seen

# In the order of _COLUMNS.
ID, RECEIVED_AT, KIND, SENDER, RECIPIENT, ANSWERS, TITLE, TEXT, BLACKLISTED = range(9)
COLUMNS: Final = BLACKLISTED + 1
_COLUMNS = f"""m.id, m.received_at, m.kind, m.sender, m.recipient, m.answers, m.title,
    CASE WHEN length(m.text) <= {INLINE} THEN m.text END,
    EXISTS (SELECT 1 FROM blacklist b WHERE b.account_id = m.account_id AND b.phone = m.sender)"""


@dataclass(slots=True, frozen=True)
class Filter:
    """Which messages of an account are asked for. Both ends of the interval (microseconds) are included."""

    account_id: int
    senders: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    kind: str | None = None
    recipient: str | None = None
    newest_first: bool = False


@dataclass(slots=True, frozen=True)
class Span:
    """Which part of them: after a cursor, up to an id, so many rows after skipping others. `lock` keeps other readers off."""

    limit: int = WINDOW
    after: Cursor | None = None
    bound: int | None = None
    skip: int = 0
    lock: bool = False


def window(wanted: Filter, span: Span) -> Generator[Request, Any, tuple[list[Row], bool]]:
    """The rows of one window, and whether it was cut because of long texts. With `lock` it must be in a writing unit."""
    conditions, parameters = _conditions(wanted, span.after, ordered=True)
    if span.bound is not None:
        conditions += " AND m.id <= ?"
        parameters.append(span.bound)
    way = "DESC" if wanted.newest_first else "ASC"
    sql = f"""SELECT {_COLUMNS} FROM messages m WHERE {conditions}
              ORDER BY m.received_at {way}, m.id {way} LIMIT ?{" OFFSET ?" if span.skip else ""}{" SKIP_LOCKED" if span.lock else ""}"""
    parameters.append(min(span.limit, WINDOW))
    if span.skip:
        parameters.append(min(span.skip, FARTHEST))
    rows: list[Row] = yield Rows(sql, parameters, packed=COLUMNS)
    if all(row[TEXT] is not None for row in rows):
        return rows, False
    return (yield from _with_long_texts(rows))


def count(wanted: Filter) -> Generator[Request, Any, int]:
    """How many there are. Leans on the same indexes, and reads no message where they hold all that is asked."""
    conditions, parameters = _conditions(wanted, None, ordered=False)
    rows = yield Rows(f"SELECT count(*) FROM messages m WHERE {conditions}", parameters)
    return int(rows[0][0])


def newest_id() -> Generator[Request, Any, int]:
    """The greatest id of a message, 0 if there is none."""
    rows = yield Rows("SELECT coalesce(max(id), 0) FROM messages")
    return int(rows[0][0])


def mark(ids: Sequence[int], pull: int, at: int) -> Generator[Request, Any, None]:
    """Sets the read mark of these messages."""
    yield Rows("UPDATE messages SET pulled_at = ?, pull_id = ? WHERE id IN_INTS(?)", (at, pull, list(ids)))


def unmark(ids: Sequence[int], pull: int) -> Generator[Request, Any, None]:
    """Takes back the marks that this pull has set; what was offered again since then stays as it is."""
    yield Rows("UPDATE messages SET pulled_at = NULL, pull_id = NULL WHERE id IN_INTS(?) AND pull_id = ?", (list(ids), pull))


def _with_long_texts(rows: list[Row]) -> Generator[Request, Any, tuple[list[Row], bool]]:
    whole: list[Row] = []
    length = 0
    for row in rows:
        if row[TEXT] is not None:
            whole.append(row)
            continue
        if length >= LONG_TEXTS:
            return whole, True
        found = yield Rows("SELECT text FROM messages WHERE id = ?", (row[ID],))
        length += len(found[0][0])
        whole.append((*row[:TEXT], found[0][0], *row[TEXT + 1 :]))
    return whole, False


def _conditions(wanted: Filter, after: Cursor | None, ordered: bool) -> tuple[str, list[Any]]:
    sql = ["m.account_id = ? AND m.pulled_at IS NULL"]
    parameters: list[Any] = [wanted.account_id]
    # The cursor lies within the interval, so it stands for the end that it came from.
    forward, backward = after is not None and not wanted.newest_first, after is not None and wanted.newest_first
    for condition, value in (
        ("m.received_at >= ?", None if forward else wanted.since),
        ("m.received_at <= ?", None if backward else wanted.until),
        ("m.kind = ?", wanted.kind),
        ("m.recipient = ?", wanted.recipient),
    ):
        if value is not None:
            sql.append(condition)
            parameters.append(value)
    if len(wanted.senders) == 1:
        sql.append("m.sender = ?")
        parameters.append(wanted.senders[0])
    elif wanted.senders:
        # An expression is in no index: so many senders are found while walking along messages_unread.
        sql.append("m.sender || '' IN_TEXTS(?)" if ordered and len(wanted.senders) > FEW else "m.sender IN_TEXTS(?)")
        parameters.append(list(wanted.senders))
    if after is not None:
        sql.append(f"(m.received_at, m.id) {'<' if wanted.newest_first else '>'} (?, ?)")
        parameters += after
    return " AND ".join(sql), parameters
