"""What waits in the database for one target: the units by which the engine reads it, and ends it."""

from __future__ import annotations

from collections.abc import Generator
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
    # What is held comes first, so as many more are asked for.
    owed = yield from deliveries.due_of_target(target, now, limit + len(held))
    later = now if len(owed) == limit + len(held) else (yield from deliveries.next_due_of_target(target, now))
    found = [one for one in owed if one.delivery_id not in held]
    known = (yield from messages.get([one.message_id for one in found])) if found else {}
    for one in found:
        one.message = known.get(one.message_id)
    return found, later


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
