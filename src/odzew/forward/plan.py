"""What follows from an attempt, or from the passing of time (contract 5.5, 5.6). Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from odzew.clock import MINUTE
from odzew.forward.outcome import is_success
from odzew.forward.schedule import Schedule
from odzew.model import Attempt, Basis, Owed, Target
from odzew.store.deliveries import Result

LATE: Final = MINUTE
CUT_SHORT: Final = "cut_short"
NO_MORE: Final = "no_more_attempts"


@lru_cache(maxsize=1024)
def _schedule(minutes: tuple[float, ...], basis: Basis) -> Schedule:
    return Schedule(minutes, basis)


def schedule_of(target: Target, installation: Schedule) -> Schedule:
    """The target's own schedule, or the installation's where it has none."""
    minutes = installation.minutes if target.retry_minutes is None else target.retry_minutes
    return _schedule(minutes, target.retry_basis or installation.basis)


def served(owed: Owed, schedule: Schedule, now: int, serving_since: int) -> int:
    """Microseconds for which the delivery has been owed while its target was being served (not in an outage of ours or a pause).

    What came before the last attempt is kept in the row; since then counts from that attempt, or from when serving began.
    """
    since = owed.due_at
    if 0 < owed.slot < schedule.attempts:
        since -= schedule.slots[owed.slot] - schedule.slots[owed.slot - 1]
    return owed.served_us + max(0, now - max(since, serving_since))


def is_cut_short(owed: Owed, schedule: Schedule, now: int, serving_since: int) -> bool:
    """Whether it has been served for so long that no further attempt is made."""
    return served(owed, schedule, now, serving_since) > schedule.cut_at(0)


def ends_unmade(owed: Owed, schedule: Schedule, now: int, serving_since: int) -> str | None:
    """Why the attempt that is due is not made any more, or None.

    The schedule may have become shorter than what was made already: the present settings count.
    """
    if owed.slot >= schedule.attempts:
        return NO_MORE
    return CUT_SHORT if is_cut_short(owed, schedule, now, serving_since) else None


def is_delayed(owed: Owed, started_at: int, serving_since: int) -> bool:
    """Whether an attempt began more than 60 s late although its target was being served: protection, or a backlog, held it."""
    return started_at - max(owed.due_at, serving_since) > LATE


def result_of(owed: Owed, attempt: Attempt, schedule: Schedule, serving_since: int) -> Result:
    """The delivery after an attempt: delivered, owed again, or exhausted."""
    first_at = attempt.started_at if owed.first_at is None else owed.first_at
    spent = served(owed, schedule, attempt.started_at, serving_since)
    if is_success(attempt.outcome):
        return Result(attempt, owed.target_id, "delivered", first_at, spent, None, owed.earlier)
    due = schedule.next_due(owed.slot + 1, first_at, attempt.started_at, schedule.jitter(owed.delivery_id))
    return Result(attempt, owed.target_id, "exhausted" if due is None else "pending", first_at, spent, due, owed.earlier)


