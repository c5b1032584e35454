"""How a target does, judged from how its attempts end. Pure.

A target that fails is called as before: nothing here ever removes it or uses up an attempt. One that has failed for days is
paused: what is owed to it stays owed, and nobody calls it until a person says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from odzew.clock import DAY, MINUTE
from odzew.forward.outcome import is_success
from odzew.store.target_states import FAILING, TargetState

Health = Literal["well", "failing", "paused"]
Change = Literal["failing", "paused", "recovered"]

FAILURES: Final = 5
"""Failed attempts, one after the other, ..."""
LASTING: Final = MINUTE
"""... over at least so long make a target one that fails: a restart that fails many calls within a second does not."""
PAUSE_AFTER: Final = 5 * DAY
PAUSE_DAYS: Final = 3
"""Days (UTC) on which it was tried in vain. One that gets a message a week is not paused for two bad minutes."""


def health_of(state: TargetState | None) -> Health:
    """The word for it. No state: it is well."""
    if state is None:
        return "well"
    if state.paused_at is not None:
        return "paused"
    return "failing" if _is_failing(state) else "well"


def after(state: TargetState, outcome: str, at: int) -> TargetState:
    """The state after one more attempt, which began at that instant.

    A success ends the pause of protection too: a call that was under way when it came shows that the target is well.
    """
    if is_success(outcome):
        paused = state.paused_at is not None and state.paused_why != FAILING
        return TargetState(
            state.target_id, last_success_at=at, last_failure_at=state.last_failure_at, last_outcome=outcome,
            paused_at=state.paused_at if paused else None, paused_why=state.paused_why if paused else "",
        )  # fmt: skip
    latest = max(at, state.last_failure_at or at)  # attempts end in another order than they began
    since = at if state.failing_since is None else min(at, state.failing_since)
    fresh = not state.failures or state.last_failure_at is None or latest // DAY != state.last_failure_at // DAY
    failed = replace(
        state, failing_since=since, failures=state.failures + 1, failed_days=state.failed_days + fresh, last_failure_at=latest,
        last_outcome=outcome,
    )  # fmt: skip
    if failed.paused_at is None and _has_failed_for_days(failed):
        return replace(failed, paused_at=latest, paused_why=FAILING)
    return failed


def change_of(before: TargetState | None, now: TargetState) -> Change | None:
    """What its owner should hear, or None: the same change is told once."""
    was, is_ = health_of(before), health_of(now)
    if was == is_:
        return None
    return "recovered" if is_ == "well" else is_


def _is_failing(state: TargetState) -> bool:
    return state.failures >= FAILURES and _lasted(state) >= LASTING


def _has_failed_for_days(state: TargetState) -> bool:
    return _is_failing(state) and _lasted(state) >= PAUSE_AFTER and state.failed_days >= PAUSE_DAYS


def _lasted(state: TargetState) -> int:
    """Microseconds from the first to the last failed attempt since the last success."""
    if state.failing_since is None or state.last_failure_at is None:
        return 0
    return state.last_failure_at - state.failing_since
