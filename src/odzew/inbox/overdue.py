"""The sweep for long messages whose missing parts are overdue: each becomes a message with a visible gap."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.inbox import join
from odzew.inbox import parts as inbox_parts
from odzew.inbox.announce import Ours, announce, everything
from odzew.inbox.batch import keep
from odzew.inbox.meaning import message_of
from odzew.model import Message, Owed
from odzew.store import parts as store_parts
from odzew.store.db import Lock, Now, Request
from odzew.store.directory import Directory, check_present
from odzew.store.parts import PartSet

AT_ONCE: Final = 100  # sets in one transaction


@dataclass(slots=True)
class Swept:
    """What one sweep made. `more`: there may be others that are overdue."""

    messages: list[Message] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    more: bool = False


def any_overdue() -> Generator[Request, Any, bool]:
    """Whether a sweep would find something."""
    now: int = yield Now()
    return bool((yield from store_parts.overdue(now, 1)))


def sweep(directory: Directory, country: str, ours: Ours = everything) -> Generator[Request, Any, Swept]:
    """Makes messages of what is overdue. StaleDirectory if the directory has changed."""
    yield from check_present(directory)
    now: int = yield Now()
    found = yield from store_parts.overdue(now, AT_ONCE)
    if not found:
        return Swept()
    yield Lock(sorted({word for pair in found for word in pair}))
    siblings = yield from store_parts.of_keys(sorted({key for key, _ in found}), now - 2 * join.LATE)
    # Read again under the lock: the last part may have come meanwhile.
    late = [(one, sets) for sets in siblings.values() for one in sets if one.state == "open" and one.due_at <= now]
    made = [one for one, _ in late if not join.is_only_echo(one)]
    messages = [message_of(arrival, now, country) for arrival in (yield from inbox_parts.texts(made, {}, directory))]
    for one, message in zip(made, messages, strict=True):
        message.incomplete = not join.is_full(one)
    stored, owed = yield from keep(messages, now, directory)
    for one, message in zip(made, stored, strict=True):
        # From now on it waits for late parts, however long it lay here while no server ran.
        one.state, one.message_id, one.moved_at = "incomplete" if message.incomplete else "whole", message.id, now
    for one, sets in late:
        if one.state == "open":
            yield from _dissolve(one, sets)
    yield from store_parts.save([], [one for one, _ in late])
    yield from store_parts.name_messages([one.id for one, _ in late])
    yield from announce(owed, ours)
    return Swept(stored, owed, len(found) == AT_ONCE)


def _dissolve(one: PartSet, sets: list[PartSet]) -> Generator[Request, Any, None]:
    """All that came of it was in a whole message before: repetitions of that one's parts."""
    earlier = next((other for other in reversed(sets) if other.state == "whole" and _has_all(other, one)), None)
    one.state, one.message_id = "echo", None if earlier is None else earlier.message_id
    yield from store_parts.displace([held.arrival_id for held in one.parts.values()])


def _has_all(whole: PartSet, one: PartSet) -> bool:
    return all(whole.parts[number].digest == held.digest for number, held in one.parts.items())
