"""The lists of the panel: pages, search, what is new, counts, exports and conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from odzew.clock import Clock
from odzew.inbox.walk import FIRST, STEPS, Question, Walked, question_of, walk
from odzew.model import Message
from odzew.store import conversation, inbox_counts, inbox_lines, messages
from odzew.store.conversation import Place, Talk
from odzew.store.db import Database
from odzew.store.inbox_counts import HourCount
from odzew.store.inbox_lines import Found, Line, Wanted

PATIENCE: Final = 0.25  # seconds that a page may look for
WINDOW: Final = 500  # messages


@dataclass(slots=True)
class Page:
    """Lines, newest first, and the id before which the next page begins; None: that was all.

    A page that is short or empty may have a next one: it looked as long as a page may.
    """

    lines: list[Line] = field(default_factory=list)
    older: int | None = None


class Listing:
    """Whatever is asked is answered from what is committed at that moment."""

    def __init__(self, db: Database, clock: Clock, patience: float = PATIENCE, steps: int = STEPS) -> None:
        self._db = db
        self._clock = clock
        self._patience = patience
        self._steps = steps

    async def page(self, wanted: Wanted, before: int | None = None, limit: int = 50) -> Page:
        """The newest that are wanted, older than `before` where it is given."""
        return await self._page(question_of(wanted), FIRST if before is None else before, limit)

    async def newer(self, wanted: Wanted, after: int, limit: int = 50) -> Page:
        """What came after a message. With `older` there is more than `limit`."""
        return await self._page(question_of(wanted, after), FIRST, limit)

    async def count(self, wanted: Wanted, most: int = 1_000) -> int:
        """How many there are, at most `most`; of a search as many as are found in the time of two pages."""
        question = question_of(wanted)
        if question is None:
            return 0
        walked = await self._walk(question, FIRST, most, 2 * self._patience)
        return min(most, len(walked.found))

    async def windows(self, wanted: Wanted) -> AsyncIterator[list[Message]]:
        """All that are wanted, whole, newest first, at most 500 at once."""
        question = question_of(wanted)
        reached: int | None = None if question is None else FIRST
        while question is not None and reached is not None:
            walked = await self._walk(question, reached, WINDOW, self._patience)
            found = walked.found[:WINDOW]
            reached = found[-1].line.id if len(walked.found) > WINDOW else walked.reached
            if found:
                whole: dict[int, Message] = await self._db.read(messages.get, [one.line.id for one in found])
                yield [whole[one.line.id] for one in found if one.line.id in whole]

    async def conversation(self, account_id: int, phone: str, before: Place | None = None, limit: int = 50) -> Talk:
        """What an account received from a telephone and sent to it, newest first."""
        wanted = Wanted(account_id, sender=phone)
        received = await self.page(wanted, FIRST if before is None else before.message, limit)
        talk: Talk = await self._db.read(conversation.merged, account_id, phone, received.lines, received.older, before, limit)
        return talk

    async def unseen(self, account_id: int | None, most: int = 1_000) -> dict[str, int]:
        """{kind: how many the panel has not seen, at most `most`}; a kind without any is left out."""
        found: dict[str, int] = await self._db.read(inbox_counts.unseen, account_id, most)
        return found

    async def per_hour(self, account_id: int | None, since: int, until: int) -> list[HourCount]:
        """How many messages of each kind came in each hour that begins in this time, to this moment."""
        found: list[HourCount] = await self._db.read(inbox_counts.per_hour, account_id, since, until)
        return found

    async def _page(self, question: Question | None, before: int, limit: int) -> Page:
        if question is None:
            return Page()
        walked = await self._walk(question, before, limit, self._patience)
        lines = [one.line for one in walked.found[:limit]]
        await self._db.read(inbox_lines.complete, lines)
        return Page(lines, lines[-1].id if len(walked.found) > limit else walked.reached)

    async def _walk(self, question: Question, before: int, limit: int, patience: float) -> Walked:
        """Walks until there is one more than `limit`, or the time is over."""
        ends = self._clock.monotonic() + patience
        found: list[Found] = []
        reached: int | None = before
        lots = 1
        while reached is not None and len(found) <= limit:
            walked: Walked = await self._db.read(walk, question, reached, limit + 1 - len(found), self._steps, lots)
            found += walked.found
            reached, lots = walked.reached, walked.lots
            if self._clock.monotonic() >= ends:
                break
        return Walked(found, reached)
