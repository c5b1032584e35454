"""How targets do: those that fail for long, and those that are paused because of it. A target without a row is well."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.store.changes import bump
from odzew.store.db import Many, Request, Rows

FAILING: Final = "failing"
"""Why protection pauses a target; other words are a person's."""


@dataclass(slots=True, frozen=True)
class TargetState:
    """One target. `failures` counts the failed attempts since `failing_since`, all of them since the last success; `failed_days` the days
    (UTC) on which there were any. `last_success_at` is the last one before it began to fail, or the one that ended it."""

    target_id: int
    failing_since: int | None = None
    failures: int = 0
    failed_days: int = 0
    last_success_at: int | None = None
    last_failure_at: int | None = None
    last_outcome: str = ""
    paused_at: int | None = None
    paused_why: str = ""


_COLUMNS: Final = """target_id, failing_since, failures, failed_days, last_success_at, last_failure_at, last_outcome, paused_at,
    paused_why"""


def states(targets: Sequence[int] | None = None) -> Generator[Request, Any, dict[int, TargetState]]:
    """The states of these targets, or of all that have one."""
    some, values = ("", ()) if targets is None else (" WHERE target_id IN_INTS(?)", (list(targets),))
    return {row[0]: TargetState(*row) for row in (yield Rows(f"SELECT {_COLUMNS} FROM target_states{some}", values))}


def save(changed: Sequence[TargetState]) -> Generator[Request, Any, None]:
    """Notes states. All processes are told where one is newly paused."""
    before = yield from states([state.target_id for state in changed])
    yield Many(
        f"""INSERT INTO target_states ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (target_id) DO UPDATE
           SET failing_since = excluded.failing_since, failures = excluded.failures, failed_days = excluded.failed_days,
               last_success_at = excluded.last_success_at, last_failure_at = excluded.last_failure_at,
               last_outcome = excluded.last_outcome, paused_at = excluded.paused_at, paused_why = excluded.paused_why""",
        [_row(state) for state in sorted(changed, key=lambda state: state.target_id)],
    )
    if any(_paused(before.get(state.target_id)) != _paused(state) for state in changed):
        yield from bump("targets")


def resume(target: int) -> Generator[Request, Any, bool]:
    """Takes the pause away, and with it what is known of failures: it begins anew. False if it was not paused."""
    rows = yield Rows(
        """UPDATE target_states
           SET failing_since = NULL, failures = 0, failed_days = 0, paused_at = NULL, paused_why = ''
           WHERE target_id = ? AND paused_at IS NOT NULL RETURNING target_id""",
        (target,),
    )
    if rows:
        yield from bump("targets", "due")
    return bool(rows)


def _paused(state: TargetState | None) -> bool:
    return state is not None and state.paused_at is not None


def _row(s: TargetState) -> tuple[Any, ...]:
    return (
        s.target_id, s.failing_since, s.failures, s.failed_days, s.last_success_at, s.last_failure_at, s.last_outcome, s.paused_at,
        s.paused_why,
    )  # fmt: skip
