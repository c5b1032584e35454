"""To which long message a part belongs. Pure: sets and parts in, a decision out.

Parts find each other by source, sender, recipient, reference and total. A reference is used again sooner or later, and a network
repeats a part now and then, so the content decides what the number leaves open:

* A part that an open set lacks is added to the newest such set; one that is there already, octet for octet, is a repetition.
* A part of other content than the one that is there belongs to a new message: a new set is opened.
* After a message is whole, a part that it has already opens a set too, marked as an echo. If all other parts come again, somebody
  sent the same text twice and it is a message of its own; if nothing but echoes came until they are overdue, they were
  repetitions. An echo gives way to a part of other content.
* A message that was made with a gap takes a late part, if no open set lacks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from odzew.clock import DAY
from odzew.store.parts import Held, PartSet

LATE: Final = DAY
"""How long after its newest part a set still takes a late one, and a whole one still knows its repetitions (microseconds)."""

How = Literal["added", "repeat", "new"]


class Place(NamedTuple):
    """Where a part goes. `chosen` None: a new set. `displaced`: the arrival whose place it takes, an echo."""

    how: How
    chosen: PartSet | None
    echo: bool = False
    displaced: int | None = None


def place(number: int, digest: str, sets: Sequence[PartSet]) -> Place:
    """The place of a part among the sets of its key, which are given oldest first."""
    echo = _is_echo(number, digest, sets)
    for states in (("open",), ("incomplete",)):
        for candidate in reversed(sets):
            if candidate.state not in states:
                continue
            held = candidate.parts.get(number)
            if held is None:
                return Place("added", candidate, echo)
            if held.digest == digest:
                return Place("repeat", candidate)
            if candidate.state == "open" and held.echo and not echo:
                return Place("added", candidate, False, held.arrival_id)
    return Place("new", None, echo)


def mark_echoes(sets: Sequence[PartSet]) -> None:
    """Marks, in open sets read from the database, the parts that an earlier whole set has too."""
    for index, one in enumerate(sets):
        if one.state == "open":
            for number, held in one.parts.items():
                held.echo = _is_echo(number, held.digest, sets[:index])


def _is_echo(number: int, digest: str, sets: Sequence[PartSet]) -> bool:
    for earlier in reversed(sets):
        if earlier.state == "whole":
            held = earlier.parts.get(number)
            return held is not None and held.digest == digest
    return False


def put(chosen: PartSet, number: int, held: Held, now: int, timeout_us: int) -> None:
    """Puts a part where `place` says, and moves the time at which the others are overdue."""
    chosen.parts[number] = held
    chosen.moved_at = max(chosen.moved_at, now)
    chosen.due_at = chosen.moved_at + timeout_us


def is_whole(one: PartSet) -> bool:
    """Whether nothing is missing."""
    return len(one.parts) == one.total


def is_only_echo(one: PartSet) -> bool:
    """Whether all that came was there already."""
    return all(held.echo for held in one.parts.values())
