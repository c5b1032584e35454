"""A past for the panel: millions of messages with different words, senders who are contacts, deliveries with their attempts.

Written as plain rows; the index of the inbox is then filled by the service's own `Indexer`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.clock import DAY, SECOND, Clock
from odzew.inbox.indexing import Indexer
from odzew.store.db import Database, Many, Request, Reserve
from odzew.store.directory import Directory
from odzew.store.people import bring
from odzew.wire.folding import searchable
from proof import words

CHUNK: Final = 20_000  # rows in one transaction
BROUGHT: Final = 1_000  # contacts in one
DAYS: Final = 400
CALLED: Final = "http://127.0.0.1:9999/in?id=1"
MESSAGES: Final = (
    "INSERT INTO messages (id, account_id, kind, sender, recipient, text, received_at, number_id, keyword_id, keyword, rule, pulled_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
DELIVERIES: Final = (
    "INSERT INTO deliveries (id, message_id, target_id, account_id, state, slot, first_at, ended_at, outcome, served_us) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
ATTEMPTS: Final = (
    "INSERT INTO attempts (delivery_id, number, started_at, took_us, outcome, url, address, status, timings) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SAID: Final = (
    "Proszę o kontakt w sprawie zamówienia", "Dziękuję za informację", "Przyjadę jutro o", "Czy paczka dotrze przed weekendem?",
    "Chcę wziąć udział w konkursie", "Rezygnuję z wizyty", "Potwierdzam termin", "Tak, pasuje",
    "Nie mogę odebrać telefonu", "Reklamacja numer",
)  # fmt: skip
FIRST: Final = ("Jan", "Anna", "Piotr", "Zofia", "Łukasz", "Ewa", "Michał", "Żaneta")
LAST: Final = ("Kowalski", "Nowak", "Wiśniewska", "Zieliński", "Łęcka", "Dąbrowski", "Wójcik")


@dataclass(slots=True, frozen=True)
class PanelPast:
    """How much of everything. `owed`: messages that have a delivery; every hundredth of them is exhausted."""

    messages: int = 5_000_000
    contacts: int = 100_000
    owed: int = 500_000
    unread: int = 50_000


def sender_of(number: int, contacts: int) -> str:
    """The telephone of the n-th sender; they come again and again."""
    return f"+48600{number * 7_919 % (contacts * 3):06d}"


def text_of(number: int) -> str:
    """The n-th text: common words, a word that few have, a number that one has."""
    return f"{SAID[number * 31 % len(SAID)]} {'rzadkie ' if number % 50_000 == 7 else ''}{number}"


def _messages(past: PanelPast, directory: Directory, ids: Sequence[int], first: int, now: int) -> Iterator[tuple[Any, ...]]:
    numbers = directory.numbers
    shared, own, eco = (numbers[address].id for address in (words.SHARED, words.own_number(1), words.POOL))
    keyword = next(one for one in directory.keywords_by_id.values() if one.number_id == shared)
    account = directory.account_named("account1").id
    kinds = (
        ("nd", words.SHARED, shared, keyword.id, words.keyword_of(1)), ("ndi", words.own_number(1), own, None, ""),
        ("nd", words.SHARED, shared, keyword.id, words.keyword_of(1)), ("eco", words.POOL, eco, None, ""),
    )  # fmt: skip
    for place, key in enumerate(ids):
        number = first + place
        kind, address, number_id, keyword_id, word = kinds[number % len(kinds)]
        at = now - DAYS * DAY + number * (DAYS * DAY // past.messages) - 60 * SECOND
        sender = sender_of(number, past.contacts)
        read = at + SECOND if number < past.messages - past.unread else None
        yield key, account, kind, sender, address, text_of(number), at, number_id, keyword_id, word, "a past", read


def messages(past: PanelPast, directory: Directory, first: int, size: int, now: int) -> Generator[Request, Any, None]:
    """Messages from the number `first` on; the last `owed` of them with a delivery."""
    ids: Sequence[int] = yield Reserve("messages", size)
    rows = list(_messages(past, directory, ids, first, now))
    yield Many(MESSAGES, rows)
    owed = [row for place, row in enumerate(rows) if first + place >= past.messages - past.owed]
    target = min(directory.targets.values(), key=lambda one: one.id, default=None)
    if not owed or target is None:
        return
    keys: Sequence[int] = yield Reserve("deliveries", len(owed))
    ends = [("exhausted", "http_5xx", 500) if key % 100 == 0 else ("delivered", "ok", 200) for key in keys]
    pairs = list(zip(keys, owed, ends, strict=True))
    yield Many(DELIVERIES, [(key, row[0], target.id, row[1], end[0], 1, row[6], row[6] + 900, end[1], 0) for key, row, end in pairs])
    yield Many(ATTEMPTS, [(key, 1, row[6], 900, end[1], CALLED, "127.0.0.1", end[2], "total=900") for key, row, end in pairs])


def people(first: int, size: int) -> list[tuple[str, dict[str, str | None]]]:
    """Contacts; every third sender is one of them."""
    return [
        (
            f"+48600{number * 3:06d}",
            {
                "first_name": FIRST[number % len(FIRST)],
                "last_name": f"{LAST[number % len(LAST)]} {number}",
                "company": f"Firma {number % 900}",
            },
        )
        for number in range(first, first + size)
    ]


async def make(db: Database, past: PanelPast, directory: Directory, clock: Clock) -> None:
    """Stores all of it and fills the index. Only on a database that nobody else writes to."""
    now = clock.now()
    account = directory.account_named("account1").id
    for first in range(0, past.contacts, BROUGHT):
        await db.write(bring, account, people(first, min(BROUGHT, past.contacts - first)), "customers", searchable)
    for first in range(0, past.messages, CHUNK):
        await db.write(messages, past, directory, first, min(CHUNK, past.messages - first), now)
        if first % 500_000 == 0:
            print(f"      {first} messages stored", flush=True)
    indexer = Indexer(db, clock)
    while await indexer.step():
        continue
    await indexer.close()
