"""What waits in the database for one target: the units by which the engine reads it, and ends it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

from odzew.model import Owed
from odzew.store import deliveries, messages
from odzew.store.db import Request, Rows
from odzew.store.deliveries import Ending
from odzew.store.leases import Fence, check

ENDED_AT_ONCE: Final = 1_000
SWITCHED_OFF: Final = "switched_off"


def due_and_later(target: int, now: int, limit: int, held: frozenset[int]) -> Generator[Request, Any, tuple[list[Owed], int | None]]:
    """What is due for a target with its messages, but for what is `held`: the oldest `limit`. When there may be more to read, or None."""
    # What is held may come first, so as many more are asked for.
    owed = yield from deliveries.due_of_target(target, now, limit + len(held))
    unheld = [one for one in owed if one.delivery_id not in held]
    found = unheld[:limit]
    is_more = len(owed) == limit + len(held) or len(unheld) > limit
    later = now if is_more else (yield from deliveries.next_due_of_target(target, now))
    yield from _read_messages(found)
    return found, later


def just_come(target: int, since: int, now: int, limit: int, held: frozenset[int]) -> Generator[Request, Any, list[Owed]]:
    """First attempts that fell due since then, at most `limit`, but for what is `held`: what other processes took, and what did not fit."""
    owed = yield from deliveries.due_of_target(target, now, limit + len(held), since)
    found = [one for one in owed if one.delivery_id not in held and not one.slot and not one.earlier][:limit]
    yield from _read_messages(found)
    return found


def _read_messages(owed: Sequence[Owed]) -> Generator[Request, Any, None]:
    known = (yield from messages.get([one.message_id for one in owed])) if owed else {}
    for one in owed:
        one.message = known.get(one.message_id)


def cancel(
    target: int, after: int, held: frozenset[int], now: int, fence: Fence | None
) -> Generator[Request, Any, tuple[bool, int | None]]:
    """Cancels the next open deliveries of a target that is off, but for those `held`: (True, the last id; None after the last one).

    (False, None) where the target is on: the database knows, not the directory in the memory of one process.
    """
    if fence is not None:
        yield from check(fence)
    if (yield Rows("SELECT 1 FROM targets WHERE id = ? AND active = 1 AND removed_at IS NULL", (target,))):
        return False, None
    keys = yield from deliveries.open_of_target(target, after, ENDED_AT_ONCE)
    yield from deliveries.end([Ending(key, target, "cancelled", SWITCHED_OFF, now) for key in keys if key not in held])
    return True, keys[-1] if len(keys) == ENDED_AT_ONCE else None
