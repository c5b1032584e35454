"""An inbox with its index, for tests: messages come in, change and are looked at, and a list is compared with all there is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from odzew.clock import Clock
from odzew.inbox.indexing import Indexer
from odzew.inbox.listing import Listing, Page
from odzew.inbox.terms import words_of
from odzew.model import Message
from odzew.store import inbox_index, messages
from odzew.store.db import Database, Request, Rows, reserve, statement
from odzew.store.inbox_lines import EVERYBODY, Wanted

RECEIVED = 1_413_883_083_000_000
SENDER = "+48500600700"


def stored(fields: Sequence[dict[str, Any]]) -> Generator[Request, Any, list[Message]]:
    """Stores messages under ids that are taken as in the receiving transaction."""
    made = []
    for key, given in zip((yield from reserve("messages", len(fields))), fields, strict=True):
        values: dict[str, Any] = {
            "kind": "nd", "account_id": 1, "sender": SENDER, "recipient": "+48799448855", "text": "text", "received_at": RECEIVED + key,
        } | given  # fmt: skip
        made.append(Message(id=key, **values))
    yield from messages.add(made)
    return made


def rewritten(message: int, account: int | None, text: str) -> Generator[Request, Any, None]:
    """A message becomes another account's, with another text."""
    found = (yield from messages.get([message], hold=True))[message]
    found.account_id, found.text = account, text
    found.kind = "unclaimed" if account is None else "nd"
    yield from messages.correct(found, RECEIVED, "tested", "{}")
    yield from inbox_index.changed([message])


@dataclass
class Shelf:
    """One process with a database."""

    db: Database
    clock: Clock

    def __post_init__(self) -> None:
        self.indexer = Indexer(self.db, self.clock)
        self.listing = Listing(self.db, self.clock)

    async def store(self, *fields: dict[str, Any]) -> list[int]:
        made: list[Message] = await self.db.write(stored, fields)
        return [message.id for message in made]

    async def accounts(self, *names: str) -> None:
        for name in names:
            await self.db.write(statement, "INSERT INTO accounts (name) VALUES (?)", name)

    async def ids(self, wanted: Wanted, **asked: Any) -> list[int]:
        """All that a list gives, page by page."""
        found: list[int] = []
        before: int | None = None
        while True:
            page: Page = await self.listing.page(wanted, before, **asked)
            found += [line.id for line in page.lines]
            if page.older is None:
                return found
            assert before is None or page.older < before
            before = page.older

    async def mark(self) -> int:
        """Up to which message the index is filled."""
        mark: int = (await self.db.read(inbox_index.state))[0]
        return mark

    async def right(self, wanted: Wanted) -> list[int]:
        """What the list should give, by looking at every message."""
        rows = await self.db.read(_all)
        return [row[0] for row in rows if _fits(row, wanted)]


def _all() -> Generator[Request, Any, list[Any]]:
    rows: list[Any] = yield Rows(
        """SELECT m.id, m.account_id, m.kind, m.sender, m.keyword_id, m.number_id, m.received_at, m.incomplete, m.text, m.title,
                  EXISTS (SELECT 1 FROM inbox_index i WHERE i.message_id = m.id AND i.seen_at IS NOT NULL
                          AND i.account_id = coalesce(m.account_id, 0))
           FROM messages m ORDER BY m.id DESC"""
    )
    return rows


def _fits(row: Any, wanted: Wanted) -> bool:
    _, account, kind, sender, keyword, number, received, incomplete, text, title, seen = row
    words = words_of(f"{sender} {title or ''} {text}")
    return (
        wanted.account_id in (EVERYBODY, account)
        and (not wanted.kinds or kind in wanted.kinds)
        and (not wanted.unseen or not seen)
        and (not wanted.incomplete or bool(incomplete))
        and (wanted.sender is None or sender == wanted.sender)
        and (wanted.keyword_id is None or keyword == wanted.keyword_id)
        and (wanted.number_id is None or number == wanted.number_id)
        and (wanted.since is None or received >= wanted.since)
        and (wanted.until is None or received < wanted.until)
        and all(any(word.startswith(asked) for word in words) for asked in words_of(wanted.words))
    )
