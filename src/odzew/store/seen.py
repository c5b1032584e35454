"""The panel's own mark: which messages somebody of the account has looked at. It never touches the API's."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

from odzew.store import inbox_index
from odzew.store.changes import bump
from odzew.store.db import Now, Request, Rows
from odzew.store.inbox_index import place_of

MOST: Final = 1_000
"""Messages in one transaction."""


def mark(ids: Sequence[int], account_id: int | None, seen: bool = True) -> Generator[Request, Any, int]:
    """Marks messages of an account (None: unclaimed ones) as seen, or not; how many were not so before. The first 1,000 of `ids` count."""
    now: int = yield Now()
    wanted = list(dict.fromkeys(ids))[:MOST]
    mark, _ = yield from inbox_index.state()
    place = place_of(account_id)
    value = now if seen else None
    rows = yield Rows(
        f"""UPDATE inbox_index SET seen_at = ? WHERE message_id IN_INTS(?) AND account_id = ?
              AND seen_at IS {"NULL" if seen else "NOT NULL"} RETURNING message_id""",
        (value, wanted, place),
    )
    number = len(rows)
    if seen and (early := [key for key in wanted if key > mark]):
        # Not in the index yet: the mark waits there for it. Whoever fills the index leaves it as it is.
        rows = yield Rows(
            f"""INSERT INTO inbox_index (message_id, account_id, kind, received_at, seen_at)
                SELECT id, {place}, kind, received_at, ? FROM messages
                WHERE id IN_INTS(?) AND coalesce(account_id, 0) = ?
                ON CONFLICT (message_id) DO UPDATE SET seen_at = excluded.seen_at WHERE inbox_index.seen_at IS NULL
                RETURNING message_id""",
            (now, early, place),
        )
        number += len(rows)
    return number


def mark_all(account_id: int | None, kinds: Sequence[str], upto: int) -> Generator[Request, Any, int]:
    """Marks up to 1,000 messages up to an id as seen: how many; call it until it gives 0. No kinds: all of them.

    Leans on inbox_index_unseen, and for what is not in the index yet on the primary key.
    """
    mark_, _ = yield from inbox_index.state()
    place = place_of(account_id)
    ids = yield from inbox_index.newest_of(place, kinds, True, 0, min(upto, mark_) + 1, MOST)
    if len(ids) < MOST and upto > mark_:
        rows = yield Rows(
            """SELECT m.id, m.kind FROM messages m LEFT JOIN inbox_index i ON i.message_id = m.id AND i.account_id = ?
               WHERE m.id > ? AND m.id <= ? AND coalesce(m.account_id, 0) = ? AND i.seen_at IS NULL ORDER BY m.id LIMIT ?""",
            (place, mark_, upto, place, MOST - len(ids)),
        )
        ids += [row[0] for row in rows if not kinds or row[1] in kinds]
    return (yield from mark(ids, account_id)) if ids else 0


def offer_again(ids: Sequence[int], account_id: int) -> Generator[Request, Any, list[int]]:
    """Takes the API's mark off messages of an account: it gives them out again, or what was withheld for the first time.

    The ids of those that had it; write it to the audit log.
    """
    rows = yield Rows(
        """UPDATE messages SET pulled_at = NULL, pull_id = NULL, withheld = NULL
           WHERE id IN_INTS(?) AND account_id = ? AND pulled_at IS NOT NULL RETURNING id""",
        (list(dict.fromkeys(ids))[:MOST], account_id),
    )
    if rows:
        yield from bump("messages")
    return sorted(row[0] for row in rows)
