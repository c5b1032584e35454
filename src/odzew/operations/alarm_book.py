"""The alarms that are kept: written down as soon as they are known, and again when their letters were taken or not.

What cannot be written, for the database is away, waits and is written later: an alarm never waits for its line.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from odzew.errors import StoreError
from odzew.store.alarms import AlarmRow, Letter, Whose, keep
from odzew.store.db import Database

AT_ONCE: Final = 200  # alarms of one transaction
MOST: Final = 10_000
"""Alarms that wait to be written; beyond them the newest are in the log alone."""

log = structlog.get_logger("odzew.alarms")


@dataclass(slots=True, eq=False)
class Line:
    """One alarm in the book."""

    row: AlarmRow

    def counted(self, words: str) -> None:
        """One more of the kind, about the same."""
        self.row = replace(self.row, words=words, times=self.row.times + 1)

    def due(self, at: int) -> None:
        """Its letters are due."""
        self.row = replace(self.row, told_at=at)

    def sent(self, letter: Letter) -> None:
        """What became of a letter."""
        before = self.row.letters.get(letter.whose)
        tried = replace(letter, tries=before.tries + 1 if before else 1)
        self.row = replace(self.row, letters={**self.row.letters, letter.whose: tried})


@dataclass(slots=True)
class AlarmBook:
    """Lines that changed wait here until `write`. `db` None: nothing is kept."""

    db: Database | None = None
    _changed: dict[Line, None] = field(default_factory=dict)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def waits(self) -> bool:
        """Whether something is not written yet."""
        return bool(self._changed)

    def change(self, line: Line) -> None:
        """A line is new, or something in it."""
        if self.db is not None and (line in self._changed or len(self._changed) < MOST):
            self._changed[line] = None

    async def write(self) -> None:
        """Writes what changed. One at a time: a line gets its id from the first of them."""
        async with self._writing:
            while self.db is not None and self._changed:
                lines = list(self._changed)[:AT_ONCE]
                rows = [line.row for line in lines]
                for line in lines:
                    del self._changed[line]
                try:
                    ids: list[int] = await self.db.write(keep, rows)
                except StoreError as error:
                    log.warning("alarms_not_written", alarms=len(lines), error=str(error))
                    self._changed = dict.fromkeys(lines) | self._changed
                    return
                for line, key in zip(lines, ids, strict=True):
                    line.row = replace(line.row, id=key)


def whose_letters(operator: tuple[str, ...], account: tuple[str, ...]) -> list[tuple[Whose, tuple[str, ...]]]:
    """Who is told by letter; who has no address is not."""
    found: list[tuple[Whose, tuple[str, ...]]] = [("operator", operator), ("account", account)]
    return [one for one in found if one[1]]
