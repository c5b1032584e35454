"""Walking along the inbox from the newest message on: what is above the index's mark from `messages`, the rest by the index, and what
was changed meanwhile from `messages` again. Nothing twice, nothing missing; one step reads a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from odzew.inbox.terms import asked, fits
from odzew.store import inbox_index, inbox_lines, inbox_words
from odzew.store.db import Request, Rows
from odzew.store.inbox_index import NOBODY, place_of
from odzew.store.inbox_lines import EVERYBODY, SEARCHED, START, Found, Wanted
from odzew.store.inbox_words import LOT, Term

FIRST: Final = 1 << 62  # before any id
ABOVE: Final = 5_000  # ids above the mark in one step
STEPS: Final = 8  # in one unit
LOTS: Final = 8  # of the index's words in one step, at most
_NONE: Final[tuple[list[int], int | None]] = ([], None)


@dataclass(slots=True)
class Question:
    """What is wanted, in the index's words. `floor`: no id up to this one is wanted."""

    wanted: Wanted
    terms: list[Term]
    words: list[str]
    floor: int = 0

    @property
    def characters(self) -> int:
        """How much of each text is to be read."""
        return SEARCHED if self.words else START


@dataclass(slots=True)
class Walked:
    """What one walk found, newest first. All ids down to `reached` were looked at; None: it is at the end.

    `lots`: through how many lots of words the next step may look.
    """

    found: list[Found]
    reached: int | None
    lots: int = 1


def question_of(wanted: Wanted, after: int = 0) -> Question | None:
    """None: nothing can be found."""
    terms = asked(wanted)
    return None if terms is None else Question(wanted, *terms, floor=after)


def walk(question: Question, before: int, limit: int, steps: int = STEPS, lots: int = 1) -> Generator[Request, Any, Walked]:
    """Looks below `before` until there are `limit` messages, or for so many steps. `lots`: as an earlier walk left them."""
    found: list[Found] = []
    reached: int | None = before
    for _ in range(steps):
        assert reached is not None
        mark, changed = yield from inbox_index.state()
        if reached > mark + 1:
            step = yield from _above(question, max(mark, question.floor), reached, limit - len(found))
            if step.reached is None and mark > question.floor:
                step.reached = mark + 1
        else:
            step = yield from _indexed(question, changed, reached, limit - len(found), lots)
            lots = step.lots
        found, reached = found + step.found, step.reached
        if reached is None or len(found) >= limit:
            break
    return Walked(found, reached, lots)


def _above(question: Question, floor: int, before: int, limit: int) -> Generator[Request, Any, Walked]:
    """One stretch of what is above the mark. Leans on the primary key."""
    rows = yield Rows("SELECT max(id) FROM messages WHERE id > ? AND id < ?", (floor, before))
    newest = rows[0][0]
    if newest is None:
        return Walked([], None)
    low = max(floor, newest - ABOVE)
    found = yield from inbox_lines.between(question.wanted, low, newest + 1, limit, question.characters)
    fitting = [one for one in found if fits(question.wanted, question.words, one)]
    if len(found) == limit:
        return Walked(fitting, found[-1].line.id)
    return Walked(fitting, None if low == floor else low + 1)


def _indexed(question: Question, changed: list[int], before: int, limit: int, lots: int) -> Generator[Request, Any, Walked]:
    """One stretch of what is in the index, and what was changed within it."""
    wanted = question.wanted
    low, high = question.floor, before
    if wanted.since is not None or wanted.until is not None:
        span = yield from inbox_index.span(place_of(wanted.account_id), wanted.since, wanted.until)
        low, high = (low, low) if span is None else (max(low, span[0] - 1), min(high, span[1] + 1))
    if low + 1 >= high:
        ids, reached = _NONE
    elif question.terms:
        ids, reached = yield from _by_terms(question, low, high, limit, lots)
        # Twice as many may have twice as much: where there was little, few questions go a long way.
        lots = min(LOTS, 2 * lots) if 2 * len(ids) < limit else lots
    else:
        ids = yield from inbox_index.newest_of(place_of(wanted.account_id), wanted.kinds, wanted.unseen, low, high, limit)
        reached = ids[-1] if len(ids) == limit else None
    end = question.floor + 1 if reached is None else reached
    here = {key for key in changed if end <= key < before and key > question.floor}
    found = yield from inbox_lines.by_ids(list(here.union(ids)), question.characters)
    return Walked([one for one in found if fits(wanted, question.words, one)], reached, lots)


def _by_terms(question: Question, low: int, high: int, limit: int, lots: int) -> Generator[Request, Any, tuple[list[int], int | None]]:
    """Looks through the newest lots below `high`, from the first on that has anything of the account."""
    wanted, account = question.wanted, place_of(question.wanted.account_id)
    newest = yield from inbox_index.newest_of(account, wanted.kinds, False, low, high, 1)
    if not newest:
        return [], None
    last = newest[0] >> LOT
    first = max(last - lots + 1, low >> LOT, 0)
    accounts = [account]
    if account == EVERYBODY:
        accounts = [NOBODY, *(row[0] for row in (yield Rows("SELECT id FROM accounts ORDER BY id")))]
    ids = yield from inbox_words.in_lots(accounts, question.terms, range(first, last + 1), high, limit)
    if len(ids) == limit:
        return [key for key in ids if key > low], ids[-1] if ids[-1] > low + 1 else None
    start = first << LOT
    return [key for key in ids if key > low], start if start > low + 1 else None
