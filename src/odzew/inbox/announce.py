"""Telling the process that forwards to a target that something is owed to it, in the transaction that owes it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any, Final

from odzew.model import Owed
from odzew.store.db import Notify, Request

Ours = Callable[[int], bool]
"""Whether this process itself forwards to a target, by id."""

MANY: Final = 50
"""Targets that are named one by one; of more, every process looks for itself."""


def everything(target_id: int) -> bool:
    """The only process there is forwards to all."""
    return True


def announce(owed: Iterable[Owed], ours: Ours) -> Generator[Request, Any, None]:
    """Names the targets that are another process's (`store.changes` hears them)."""
    elsewhere = sorted({one.target_id for one in owed if not ours(one.target_id)})
    if len(elsewhere) > MANY:
        yield Notify("due")
        return
    for target_id in elsewhere:
        yield Notify(f"due:{target_id}")
