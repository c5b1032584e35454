"""Search of the inbox by words and properties, newest first.

A term of a message is stored with the lot that its id lies in (65,536 ids) and its account before it. So what one question reads
is bounded, also of a word that everybody writes, a question is of one account, and lots are looked through from the newest on, a few
at once where the last ones had little.
Terms of a message's earlier wording may stay behind: whoever asks compares with the message itself.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

from odzew.store.db import Many, Request, Rows

LOT: Final = 16  # bits of an id within its lot
LONGEST: Final = 40  # characters of a term that are stored
PLACES: Final = 64  # pairs of a lot and an account in one question

WORD: Final = "·"  # before a word, and
PROPERTY: Final = "¦"  # before a property: neither is in any word, and both engines take them for letters


class Term(NamedTuple):
    """What is looked for: a word or property with its sign before it; `open`: it may go on."""

    text: str
    open: bool = False


def stored(message: int, account: int, terms: Sequence[str]) -> str:
    """The terms of a message as they are stored, separated by blanks."""
    head = _head(message >> LOT, account)
    return " ".join([head + term[:LONGEST] for term in terms])


def save(rows: Sequence[tuple[int, str]]) -> Generator[Request, Any, None]:
    """Stores terms (message, `stored`); PostgreSQL forgets what the message had before."""
    yield Many("INSERT INTO inbox_words (rowid, words) VALUES (?, LEXEMES(?)) OVER_WORDS", rows)


def in_lots(
    accounts: Sequence[int], terms: Sequence[Term], lots: Sequence[int], before: int, limit: int
) -> Generator[Request, Any, list[int]]:
    """Ids in these lots and below `before` with all of these terms, the newest first."""
    found: set[int] = set()
    places = list(product(lots, accounts))
    for start in range(0, len(places), PLACES):
        asked = " OR ".join([f"({_question(lot, account, terms)})" for lot, account in places[start : start + PLACES]])
        # Else PostgreSQL would walk along the ids, believing that the word is everywhere.
        sql = """WITH found AS_MATERIALIZED (SELECT rowid AS id FROM inbox_words WHERE WORDS_MATCH(inbox_words, ?))
                 SELECT id FROM found WHERE id < ? ORDER BY id DESC LIMIT ?"""
        found.update(row[0] for row in (yield Rows(sql, (asked, before, limit))))
    return sorted(found, reverse=True)[:limit]


def _question(lot: int, account: int, terms: Sequence[Term]) -> str:
    head = _head(lot, account)
    return " AND ".join([head + text[:LONGEST] + (" *" if open or len(text) > LONGEST else "") for text, open in terms])


def _head(lot: int, account: int) -> str:
    return f"{lot:06x}{account:x}"
