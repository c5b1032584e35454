"""What the panel asks of the inbox, and the lines of its lists, read from the messages themselves."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.store.db import Request, Rows

EVERYBODY: Final = -1
"""In place of an account's id: all accounts, and what nobody claimed."""
START: Final = 200
"""Characters of a text in a line."""
SEARCHED: Final = 20_000
"""Characters of a text that a search looks at."""


@dataclass(slots=True, frozen=True)
class Wanted:
    """Which messages. `account_id` None: unclaimed. From `since` on and before `until` they were received (microseconds).

    Each of `words`, as typed, must begin a word of the text or the title, or the digits of the sender.
    """

    account_id: int | None
    kinds: tuple[str, ...] = ()
    unseen: bool = False
    incomplete: bool = False
    sender: str | None = None
    keyword_id: int | None = None
    number_id: int | None = None
    since: int | None = None
    until: int | None = None
    words: str = ""


@dataclass(slots=True)
class Line:
    """One message in a list. `start` is the first 200 characters of its text; `seen` the panel's mark, `pulled` the API's.

    `deliveries` counts by state; empty: it is owed to nobody. `withheld`: its sender was on the blacklist.
    """

    id: int
    account_id: int | None
    kind: str
    sender: str
    recipient: str
    start: str
    title: str | None
    keyword: str
    received_at: int
    seen: bool
    pulled: bool
    incomplete: bool
    form: str
    answers: str | None
    withheld: bool = False
    attachments: int = 0
    deliveries: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Found:
    """A line and what else is compared: `text` is as much of the text as was asked for."""

    line: Line
    keyword_id: int | None
    number_id: int | None
    text: str


_FOUND: Final = """SELECT m.id, m.account_id, m.kind, m.sender, m.recipient, m.title, m.keyword, m.received_at,
                          i.seen_at IS NOT NULL AND i.account_id = coalesce(m.account_id, 0),
                          m.pulled_at IS NOT NULL AND m.withheld IS NULL, m.withheld IS NOT NULL,
                          m.incomplete, m.form, m.answers, m.keyword_id, m.number_id, substr(m.text, 1, ?)
                   FROM messages m LEFT JOIN inbox_index i ON i.message_id = m.id"""


def by_ids(ids: Sequence[int], characters: int = START) -> Generator[Request, Any, list[Found]]:
    """The messages with these ids, newest first, each with so much of its text."""
    if not ids:
        return []
    rows = yield Rows(f"{_FOUND} WHERE m.id IN_INTS(?) ORDER BY m.id DESC", (characters, list(ids)))
    return [_found(row) for row in rows]


def between(wanted: Wanted, after: int, before: int, limit: int, characters: int = START) -> Generator[Request, Any, list[Found]]:
    """Messages of a short range of ids, both ends left out, newest first; by account, sender and the like, not by words."""
    clauses, values = ["m.id > ?", "m.id < ?"], [characters, after, before]
    if wanted.account_id is None:
        clauses.append("m.account_id IS NULL")
    for clause, value in (
        ("m.account_id = ?", None if wanted.account_id == EVERYBODY else wanted.account_id),
        ("m.sender = ?", wanted.sender),
        ("m.keyword_id = ?", wanted.keyword_id),
        ("m.number_id = ?", wanted.number_id),
    ):
        if value is not None:
            clauses.append(clause)
            values.append(value)  # type: ignore[arg-type]  # numbers and texts
    rows = yield Rows(f"{_FOUND} WHERE {' AND '.join(clauses)} ORDER BY m.id DESC LIMIT ?", [*values, limit])
    return [_found(row) for row in rows]


def complete(lines: Sequence[Line]) -> Generator[Request, Any, None]:
    """Adds to lines how many attachments they have and what became of their deliveries.

    Leans on attachments_message and deliveries_message.
    """
    by_id = {line.id: line for line in lines}
    ids = [list(by_id)]
    if not by_id:
        return
    rows = yield Rows("SELECT message_id, count(*) FROM attachments WHERE message_id IN_INTS(?) GROUP BY message_id", ids)
    for message, number in rows:
        by_id[message].attachments = number
    rows = yield Rows("SELECT message_id, state, count(*) FROM deliveries WHERE message_id IN_INTS(?) GROUP BY message_id, state", ids)
    for message, state, number in rows:
        by_id[message].deliveries[state] = number


def _found(row: Sequence[Any]) -> Found:
    key, account, kind, sender, recipient, title, keyword, received, seen, pulled, withheld, *rest = row
    incomplete, form, answers, keyword_id, number, text = rest
    line = Line(
        key, account, kind, sender, recipient, text[:START], title, keyword, received, bool(seen), bool(pulled), bool(incomplete), form,
        answers, bool(withheld),
    )  # fmt: skip
    return Found(line, keyword_id, number, text)
