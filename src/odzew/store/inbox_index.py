"""The index of the inbox for lists: which messages an account has of each kind, which of them the panel has not seen, how many came
in each hour. Nothing of it is written by the receiving transaction.

All messages up to the mark are in the index; those above it are read from `messages`. A message that was changed since (its id is
in `inbox_changed`, by the transaction that changed it) is read from `messages` too, until it is put into the index anew. So a list
is exact at every moment. In the index account 0 stands for nobody (unclaimed).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, NamedTuple

from odzew.clock import HOUR
from odzew.model import KINDS, UNCLAIMED
from odzew.store import inbox_words
from odzew.store.db import Many, Request, Rows, lengthy, one
from odzew.store.inbox_lines import EVERYBODY

NOBODY: Final = 0
AT_ONCE: Final = 200  # changed messages in one transaction
_KINDS: Final = (*KINDS, UNCLAIMED)


class Item(NamedTuple):
    """A message as the index sees it. `text` is as much of it as is searched."""

    id: int
    account_id: int | None
    kind: str
    received_at: int
    sender: str
    title: str | None
    keyword_id: int | None
    number_id: int | None
    incomplete: int
    text: str


Terms = Callable[[Item], Sequence[str]]
"""The terms by which a message is to be found (`store.inbox_words`)."""
Indexed = tuple[Item, str]
"""A message with its terms as they are stored."""
_Hour = tuple[int, int, str]  # account, hour, kind
_FAR: Final = 1 << 62  # after any id

_ITEM: Final = """id, account_id, kind, received_at, sender, title, keyword_id, number_id, incomplete, substr(text, 1, ?) FROM messages"""


def place_of(account_id: int | None) -> int:
    """The account as the index has it."""
    return NOBODY if account_id is None else account_id


def with_terms(items: Sequence[Item], terms: Terms) -> list[Indexed]:
    """Messages with their terms."""
    return [(item, inbox_words.stored(item.id, place_of(item.account_id), terms(item))) for item in items]


# --- how far it is ----------------------------------------------------------------------------------------------------


def state() -> Generator[Request, Any, tuple[int, list[int]]]:
    """The mark, and the changed messages that are not above it."""
    row = yield from one("SELECT upto FROM inbox_mark")
    assert row is not None  # the migration makes it
    changed = yield Rows("SELECT DISTINCT message_id FROM inbox_changed WHERE message_id <= ?", (row[0],))
    return row[0], [found[0] for found in changed]


def newest() -> Generator[Request, Any, tuple[int, set[str]]]:
    """Up to which id all messages are there, where there is one writer."""
    row = yield from one("SELECT coalesce(max(id), 0) FROM messages")
    assert row is not None
    return row[0], set()


def reserved() -> Generator[Request, Any, tuple[int, set[str]]]:
    """The last id handed out by PostgreSQL, and the open transactions that took ids: once they have ended, all up to it that will ever
    be there are there.

    Who takes an id locks the sequence until the end of the transaction, and the lock goes after the commit can be seen.
    """
    row = yield from one("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM messages_ids")
    assert row is not None
    rows = yield Rows(
        """SELECT virtualtransaction FROM pg_locks
           WHERE locktype = 'relation' AND relation = 'messages_ids'::regclass AND mode = 'RowExclusiveLock' AND granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
    )
    return row[0], {found[0] for found in rows}


# --- filling ----------------------------------------------------------------------------------------------------------


def changed(messages: Sequence[int]) -> Generator[Request, Any, None]:
    """Notes that messages have another meaning now, in the transaction that gave it to them."""
    yield Many("INSERT INTO inbox_changed (message_id) VALUES (?)", [(key,) for key in messages])


def unindexed(upto: int, limit: int, characters: int) -> Generator[Request, Any, tuple[int, list[Item]]]:
    """The mark, and the first messages above it up to an id."""
    row = yield from one("SELECT upto FROM inbox_mark")
    assert row is not None
    sql = f"SELECT {_ITEM} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
    return row[0], [Item(*found) for found in (yield Rows(sql, (characters, row[0], upto, limit)))]


@lengthy
def fill(mark: int, upto: int, indexed: Sequence[Indexed]) -> Generator[Request, Any, bool]:
    """Puts messages into the index and moves the mark; False where another process has moved it."""
    if (yield from one("UPDATE inbox_mark SET upto = ? WHERE upto = ? RETURNING upto", upto, mark)) is None:
        return False
    yield from _put(indexed)
    yield from _count(_hours_of(indexed))
    return True


@lengthy
def refill(terms: Terms, characters: int) -> Generator[Request, Any, int]:
    """Puts changed messages into the index anew: how many notes were done with, at most 200."""
    row = yield from one("SELECT upto FROM inbox_mark FOR_UPDATE")
    assert row is not None
    notes = yield Rows("SELECT id, message_id FROM inbox_changed WHERE message_id <= ? ORDER BY id LIMIT ?", (row[0], AT_ONCE))
    if not notes:
        return 0
    ids = sorted({note[1] for note in notes})
    found = yield Rows(f"SELECT {_ITEM} WHERE id IN_INTS(?)", (characters, ids))
    rows = yield Rows("SELECT account_id, kind, received_at FROM inbox_index WHERE message_id IN_INTS(?)", (ids,))
    indexed = with_terms([Item(*row) for row in found], terms)
    counts = _hours_of(indexed)
    for account, kind, received in rows:
        counts.setdefault((account, received // HOUR * HOUR, kind), [0, _FAR, 0])[0] -= 1
    yield from _put(indexed)
    yield from _count(counts)
    yield Rows("DELETE FROM inbox_changed WHERE id IN_INTS(?)", ([note[0] for note in notes],))
    return len(notes)


def _put(indexed: Sequence[Indexed]) -> Generator[Request, Any, None]:
    # Another account has not seen it yet.
    yield Many(
        """INSERT INTO inbox_index (message_id, account_id, kind, received_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (message_id) DO UPDATE
           SET account_id = excluded.account_id, kind = excluded.kind, received_at = excluded.received_at,
               seen_at = CASE WHEN inbox_index.account_id = excluded.account_id THEN inbox_index.seen_at END""",
        [(item.id, place_of(item.account_id), item.kind, item.received_at) for item, _ in indexed],
    )
    yield from inbox_words.save([(item.id, terms) for item, terms in indexed])


def _hours_of(indexed: Sequence[Indexed]) -> dict[_Hour, list[int]]:
    """{(account, hour, kind): [how many, the first id, the last]}"""
    counts: dict[_Hour, list[int]] = {}
    for item, _ in indexed:
        row = counts.setdefault((place_of(item.account_id), item.received_at // HOUR * HOUR, item.kind), [0, _FAR, 0])
        row[:] = row[0] + 1, min(row[1], item.id), max(row[2], item.id)
    return counts


def _count(counts: dict[_Hour, list[int]]) -> Generator[Request, Any, None]:
    rows = {key: row for key, row in counts.items() if row[0] or row[2]}
    for (_, hour, kind), (number, first, last) in list(rows.items()):
        row = rows.setdefault((EVERYBODY, hour, kind), [0, _FAR, 0])
        rows[EVERYBODY, hour, kind] = [row[0] + number, min(row[1], first), max(row[2], last)]
    yield Many(
        """INSERT INTO message_hours (account_id, hour, kind, messages, first_id, last_id) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (account_id, hour, kind) DO UPDATE
           SET messages = message_hours.messages + excluded.messages,
               first_id = CASE WHEN excluded.first_id < message_hours.first_id THEN excluded.first_id ELSE message_hours.first_id END,
               last_id = CASE WHEN excluded.last_id > message_hours.last_id THEN excluded.last_id ELSE message_hours.last_id END""",
        [(*key, *row) for key, row in sorted(rows.items())],
    )


# --- reading ----------------------------------------------------------------------------------------------------------


def newest_of(account: int, kinds: Sequence[str], unseen: bool, after: int, before: int, limit: int) -> Generator[Request, Any, list[int]]:
    """Ids of an account's messages (as the index has the account) in a range, both ends left out, the newest first.

    Leans on inbox_index_kind and inbox_index_unseen; of everybody, all kinds, it walks along the ids.
    """
    if account == EVERYBODY:
        sql = f"""SELECT message_id FROM inbox_index WHERE message_id > ? AND message_id < ?{_unseen(unseen)}
                  ORDER BY message_id DESC LIMIT ?"""
        return [row[0] for row in (yield Rows(sql, (after, before, limit)))]
    wanted = [kind for kind in _KINDS if not kinds or kind in kinds]
    if not wanted:
        return []
    each = f"""SELECT * FROM (SELECT message_id FROM inbox_index
                              WHERE account_id = ? AND kind = ? AND message_id > ? AND message_id < ?{_unseen(unseen)}
                              ORDER BY message_id DESC LIMIT ?) AS of_kind"""
    sql = f"{' UNION ALL '.join([each] * len(wanted))} ORDER BY 1 DESC LIMIT ?"
    values = [value for kind in wanted for value in (account, kind, after, before, limit)]
    return [row[0] for row in (yield Rows(sql, (*values, limit)))]


def count_of(account: int, kinds: Sequence[str], unseen: bool, upto: int, most: int) -> Generator[Request, Any, dict[str, int]]:
    """{kind: how many of them are in the index up to an id, at most `most`}. Leans on the same two."""
    found = {}
    for kind in kinds:
        sql = f"""SELECT count(*) FROM (SELECT 1 FROM inbox_index WHERE account_id = ? AND kind = ? AND message_id <= ?{_unseen(unseen)}
                                        LIMIT ?) AS counted"""
        found[kind] = (yield Rows(sql, (account, kind, upto, most)))[0][0]
    return found


def span(account: int, since: int | None, until: int | None) -> Generator[Request, Any, tuple[int, int] | None]:
    """The first and the last id that messages of a time can have in the index; None: there are none. Leans on the primary key."""
    clauses, values = ["account_id = ?"], [account]
    if since is not None:
        clauses.append("hour >= ?")
        values.append(since // HOUR * HOUR)
    if until is not None:
        clauses.append("hour < ?")
        values.append(until)
    row = yield from one(f"SELECT min(first_id), max(last_id) FROM message_hours WHERE {' AND '.join(clauses)}", *values)
    return None if row is None or row[0] is None else (row[0], row[1])


def hours(account: int, since: int, until: int) -> Generator[Request, Any, list[tuple[int, str, int]]]:
    """(hour, kind, messages) of the hours that begin in a time, by hour and kind. Leans on the primary key."""
    sql = """SELECT hour, kind, messages FROM message_hours
             WHERE account_id = ? AND hour >= ? AND hour < ? AND messages <> 0 ORDER BY hour, kind"""
    return [(row[0], row[1], row[2]) for row in (yield Rows(sql, (account, since, until)))]


def _unseen(unseen: bool) -> str:
    return " AND seen_at IS NULL" if unseen else ""
