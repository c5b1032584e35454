"""A conversation: what an account received from a telephone and what it sent to it, in one row by time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

from odzew.store.db import Request, Rows
from odzew.store.inbox_lines import Line

_FAR: Final = (1 << 62, 1 << 62)


class Place(NamedTuple):
    """Where an older page goes on: before this message, and before this sent one (its time and id)."""

    message: int
    sent_at: int
    sent_id: int


@dataclass(slots=True, frozen=True)
class Said:
    """One thing said. `line` is the message received; None: it was sent. `message_id` is the sent message's own id."""

    at: int
    text: str
    line: Line | None = None
    sent_id: int | None = None
    message_id: str | None = None
    number: str = ""
    """Our number that it came to, or was sent from."""


@dataclass(slots=True)
class Talk:
    """Newest first; `older`: where the next page begins, None: that was all."""

    said: list[Said] = field(default_factory=list)
    older: Place | None = None


def merged(
    account_id: int, phone: str, lines: Sequence[Line], older: int | None, before: Place | None, limit: int
) -> Generator[Request, Any, Talk]:
    """A page of what was received (`lines`, those older than it begin before `older`) and sent. Leans on sent_phone."""
    place = before or Place(1 << 62, *_FAR)
    rows = yield Rows(
        """SELECT sent_at, id, message_id, from_number, text FROM sent
           WHERE phone = ? AND account_id = ? AND (sent_at, id) < (?, ?) ORDER BY sent_at DESC, id DESC LIMIT ?""",
        (phone, account_id, place.sent_at, place.sent_id, limit + 1),
    )
    received = [Said(line.received_at, line.start, line, number=line.recipient) for line in lines]
    sent = [Said(at, text, None, key, own, number) for at, key, own, number, text in rows]
    if older is not None and len(received) < limit:
        # It was not looked for to the end: what was sent before the last one that was found comes on the next page.
        sent = [said for said in sent if received and said.at >= received[-1].at]
    said = list(islice(_by_time(received, sent), limit))
    last_line = next((one.line.id for one in reversed(said) if one.line is not None), place.message)
    last_sent = next(((one.at, one.sent_id) for one in reversed(said) if one.sent_id is not None), (place.sent_at, place.sent_id))
    if len(said) == len(received) + len(sent) and len(sent) == len(rows) <= limit and older is None:
        return Talk(said)
    if not said and older is not None:
        last_line = older
    return Talk(said, Place(last_line, last_sent[0], last_sent[1] or 0))


def _by_time(received: Sequence[Said], sent: Sequence[Said]) -> Generator[Said, None, None]:
    """Each in its own order, the later of the two first: a source that is trusted with the time may be out of order."""
    here, there = list(reversed(received)), list(reversed(sent))
    while here or there:
        yield here.pop() if here and (not there or here[-1].at >= there[-1].at) else there.pop()
