"""What an SMSC simulator sent, when it was answered, and with which status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from odzew.simulate.smsc_messages import ShortText
from odzew.wire.status import Status

TEMPORARY: Final = frozenset({int(status) for status in (Status.RMSGQFUL, Status.RX_T_APPN, Status.RTHROTTLED, Status.RINVBNDSTS)})
"""Answers after which a store-and-forward SMSC sends the same message again. The last: sent before the bind was whole."""


@dataclass(slots=True)
class Entry:
    """One PDU: a whole message or a part of one. Instants are seconds of the clock's monotonic scale.

    `status` is the last answer (None: never answered), `refusals` all the temporary ones. `tries` counts how often it was sent.
    """

    number: int
    message: ShortText
    part: int
    total: int
    command: int
    body: bytes
    tries: int = 0
    sent_at: float | None = None
    answered_at: float | None = None
    status: int | None = None
    refusals: list[int] = field(default_factory=list)
    settled: bool = False

    @property
    def taken(self) -> bool:
        """It was answered ESME_ROK."""
        return self.settled and self.status == Status.ROK

    @property
    def took(self) -> float | None:
        """Seconds from the last try to its answer."""
        return None if self.sent_at is None or self.answered_at is None else self.answered_at - self.sent_at


@dataclass(slots=True)
class Totals:
    """The ledger in numbers. `again`: sendings beyond the first; `answers`: status -> how often, the temporary ones too."""

    pdus: int = 0
    taken: int = 0
    refused: int = 0
    open: int = 0
    again: int = 0
    answers: Counter[int] = field(default_factory=Counter)


class Ledger:
    """Every entry in the order in which it was given."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self.settled = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def enter(self, message: ShortText, part: int, total: int, command: int, body: bytes) -> Entry:
        """A new entry at the end."""
        entry = Entry(len(self._entries) + 1, message, part, total, command, body)
        self._entries.append(entry)
        return entry

    def sent(self, entry: Entry, now: float) -> None:
        entry.tries += 1
        entry.sent_at = now

    def answered(self, entry: Entry, status: int, now: float, most_tries: int) -> bool:
        """Notes an answer. Whether that was the end of it; False: it is to be sent again."""
        entry.status = status
        entry.answered_at = now
        if status in TEMPORARY:
            entry.refusals.append(status)
            if entry.tries < most_tries:
                return False
        entry.settled = True
        self.settled += 1
        return True

    def totals(self) -> Totals:
        """All of it in numbers."""
        totals = Totals(pdus=len(self._entries))
        for entry in self._entries:
            totals.again += max(0, entry.tries - 1)
            totals.answers.update(entry.refusals)
            if not entry.settled:
                totals.open += 1
            elif entry.taken:
                totals.taken += 1
                totals.answers[Status.ROK] += 1
            else:
                totals.refused += 1
                if entry.status is not None and entry.status not in TEMPORARY:
                    totals.answers[entry.status] += 1
        return totals


def all_settled(entries: Iterable[Entry]) -> bool:
    return all(entry.settled for entry in entries)
