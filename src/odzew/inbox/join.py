"""To which long message a part belongs. Pure: sets and parts in, a decision out.

Parts find each other by source, sender, recipient, reference and total. A reference is used again sooner or later, and a network
repeats a part now and then, so the content decides what the number leaves open:

* A part that an open set lacks is added to the newest such set; one that is there already, octet for octet, is a repetition.
  A set of which nothing but echoes came (see below) comes last.
* A part of other content than the one that is there belongs to a new message: a new set is opened.
* After a message is whole, a part that it has already opens a set too, marked as an echo. If all other parts come again, somebody
  sent the same text twice and it is a message of its own; if nothing but echoes came until they are overdue, they were
  repetitions. An echo gives way to a part of other content.
* An echo with a later part of a lower number beside it is in doubt: messages mostly come in order, so it was a repetition, or they
  did not and it is part of the new one. Its place is not taken for filled until that number comes once more, or the set is overdue.
* A message that was made with a gap takes a late part, if no open set lacks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from odzew.clock import DAY
from odzew.store.parts import Held, PartSet

LATE: Final = DAY
"""How long after its newest part, or after it was made with a gap, a set still takes a late part, and how long a whole one still
knows its repetitions (microseconds)."""
REMEMBERED: Final = 4
"""Whole sets of a key whose repetitions are known."""

How = Literal["added", "repeat", "new"]


class Place(NamedTuple):
    """Where a part goes. `chosen` None: a new set. `displaced`: the arrival whose place it takes, an echo."""

    how: How
    chosen: PartSet | None
    echo: bool = False
    displaced: int | None = None


def place(number: int, digest: str, sets: Sequence[PartSet]) -> Place:
    """The place of a part among the sets of its key, which are given oldest first."""
    echo = any(one.state == "whole" and (held := one.parts.get(number)) is not None and held.digest == digest for one in sets)
    waiting = [one for one in reversed(sets) if one.state == "open"]
    if not echo:
        waiting.sort(key=is_only_echo)
    for candidate in waiting:
        held = candidate.parts.get(number)
        if held is None:
            return Place("added", candidate, echo)
        if _in_doubt(candidate, number):
            return Place("added", candidate, echo, held.arrival_id)
        if held.digest == digest:
            return Place("repeat", candidate)
        if held.echo and not echo:
            return Place("added", candidate, False, held.arrival_id)
    for candidate in reversed(sets):
        if candidate.state == "incomplete":
            held = candidate.parts.get(number)
            if held is None:
                return Place("added", candidate, echo)
            if held.digest == digest:
                return Place("repeat", candidate)
    return Place("new", None, echo)


def _in_doubt(one: PartSet, number: int) -> bool:
    held = one.parts[number]
    return held.echo and any(
        not other.echo and lower < number and other.arrival_id > held.arrival_id for lower, other in one.parts.items()
    )


def put(chosen: PartSet, number: int, held: Held, now: int, timeout_us: int) -> None:
    """Puts a part where `place` says, and moves the time at which the others are overdue."""
    chosen.parts[number] = held
    chosen.moved_at = max(chosen.moved_at, now)
    chosen.due_at = chosen.moved_at + timeout_us


def is_whole(one: PartSet) -> bool:
    """Whether nothing is missing, and nothing is in doubt."""
    return is_full(one) and not any(_in_doubt(one, number) for number, held in one.parts.items() if held.echo)


def is_full(one: PartSet) -> bool:
    """Whether each part is there, be it one in doubt."""
    return len(one.parts) == one.total


def past(sets: Sequence[PartSet]) -> list[PartSet]:
    """The whole sets that have too many newer ones beside them to be remembered, now marked so."""
    gone = [one for one in sets if one.state == "whole"][:-REMEMBERED]
    for one in gone:
        one.state = "past"
    return gone


def is_only_echo(one: PartSet) -> bool:
    """Whether all that came was there already."""
    return all(held.echo for held in one.parts.values())
