"""What the operator looks up: pages of an account's messages, all that is known of one message, one delivery."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.model import Message
from odzew.store.db import Request, Rows, one

NEWEST: Final = 1 << 62  # before any id

_MESSAGE = """id, kind, account_id, sender, recipient, text, received_at, number_id, keyword_id, keyword, answers, title, rule, form,
    incomplete, withheld"""


@dataclass(slots=True, frozen=True)
class Revision:
    """What a message meant before it was corrected (`before`, JSON)."""

    at: int
    why: str
    before: str


@dataclass(slots=True, frozen=True)
class DeliveryRow:
    """One delivery with its target as it is named now, also where the target was removed. `due_at` None: owed no more.

    `attempts` counts all of them, `earlier` those before it was sent again; `first_at` is the first since then.
    """

    id: int
    message_id: int
    account_id: int
    target_id: int
    target: str
    url: str
    state: str
    attempts: int
    outcome: str
    first_at: int | None
    ended_at: int | None
    due_at: int | None
    earlier: int = 0


DELIVERY: Final = """SELECT d.id, d.message_id, d.account_id, d.target_id, coalesce(t.name, ''), coalesce(t.url, ''), d.state,
                            d.earlier + d.slot, d.outcome, d.first_at, d.ended_at, o.due_at, d.earlier"""
"""The columns of a `DeliveryRow`, of deliveries `d`, owed `o` and targets `t`."""
_WITH_OWED = f"{DELIVERY} FROM deliveries d LEFT JOIN owed o ON o.delivery_id = d.id LEFT JOIN targets t ON t.id = d.target_id"


def messages_of(account: int, before: int | None, limit: int) -> Generator[Request, Any, list[Message]]:
    """The newest messages of an account, older than `before` where it is given. Walks back along the ids."""
    sql = f"SELECT {_MESSAGE} FROM messages WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?"
    return [Message(*row) for row in (yield Rows(sql, (account, before or NEWEST, limit)))]


def pulled_at(message: int) -> Generator[Request, Any, int | None]:
    """When the API gave it out with `read`, or None. What is withheld has a mark that is nobody's."""
    row = yield from one("SELECT pulled_at FROM messages WHERE id = ? AND withheld IS NULL", message)
    return None if row is None else row[0]


def revisions(message: int) -> Generator[Request, Any, list[Revision]]:
    """How a message was corrected, in order. Leans on revisions_message."""
    sql = "SELECT at, why, before FROM revisions WHERE message_id = ? ORDER BY id"
    return [Revision(*row) for row in (yield Rows(sql, (message,)))]


def delivery(key: int) -> Generator[Request, Any, DeliveryRow | None]:
    """One delivery, or None."""
    row = yield from one(f"{_WITH_OWED} WHERE d.id = ?", key)
    return None if row is None else DeliveryRow(*row)


def deliveries_of(message: int) -> Generator[Request, Any, list[DeliveryRow]]:
    """The deliveries of a message, in order. Leans on deliveries_message."""
    rows: Sequence[Any] = yield Rows(f"{_WITH_OWED} WHERE d.message_id = ? ORDER BY d.id", (message,))
    return [DeliveryRow(*row) for row in rows]


def over_source(source: int, since: int, until: int, after: int, limit: int) -> Generator[Request, Any, tuple[list[int], int | None]]:
    """Of the `limit` messages after an id those that came over a source from `since` on and before `until`; and the last id looked at.

    None: there are no more. Walks along the ids and leans on arrivals_message.
    """
    rows = yield Rows("SELECT id, received_at FROM messages WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    ids = [row[0] for row in rows if since <= row[1] < until]
    sql = "SELECT DISTINCT message_id FROM arrivals WHERE message_id IN_INTS(?) AND source_id = ? AND role IN ('message', 'part')"
    found = sorted(row[0] for row in (yield Rows(sql, (ids, source)))) if ids else []
    return found, rows[-1][0] if len(rows) == limit else None
