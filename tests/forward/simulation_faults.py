"""Faults that are built into the engine on purpose, one at a time: the simulation must find each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Final
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from odzew.clock import SECOND
from odzew.forward import backlog, ledger, plan, shards
from odzew.forward.engine import Engine
from odzew.forward.lane import Lane
from odzew.forward.schedule import Schedule
from odzew.forward.target_health import TargetHealth
from odzew.forward.turns import EngineLimits, Turns
from odzew.model import Account, Attempt, Owed, Target
from odzew.store import deliveries, resend
from odzew.store.db import Many, Request
from odzew.store.deliveries import Result
from tests.forward import simulation_process
from tests.forward.simulation_calls import LIMITS
from tests.forward.simulation_rules import Forwarding, Sharing

Fault = Callable[[], AbstractContextManager[object]]

_next_due, _result_of, _record = Schedule.next_due, plan.result_of, deliveries.record
_hold, _due_and_later = Lane.hold, backlog.due_and_later


def _early(schedule: Schedule, slot: int, first_at: int, previous: int, jitter_us: int = 0) -> int | None:
    due = _next_due(schedule, slot, first_at, previous, jitter_us)
    return None if due is None else due - SECOND


def _without_gaps(schedule: Schedule, slot: int, first_at: int, previous: int, jitter_us: int = 0) -> int | None:
    return first_at + schedule.slots[slot] + jitter_us if slot < schedule.attempts else None


def _one_too_few(schedule: Schedule, slot: int, first_at: int, previous: int, jitter_us: int = 0) -> int | None:
    return None if slot >= schedule.attempts - 1 else _next_due(schedule, slot, first_at, previous, jitter_us)


def _never_again(owed: Owed, attempt: Attempt, schedule: Schedule, since: int) -> Result:
    return _result_of(owed, attempt, schedule, since)._replace(state="delivered", due_at=None)


def _nothing_is_lost(fences: Iterable[object]) -> Generator[Request, Any, set[Any]]:
    yield from ()
    return set()


def _over_what_ended(results: Sequence[Result]) -> Generator[Request, Any, None]:
    for request in _record(results):
        if isinstance(request, Many):
            request.sql = request.sql.replace("AND state = 'pending'", "")
        yield request


def _in_any_round(results: Sequence[Result]) -> Generator[Request, Any, None]:
    for request in _record(results):
        if isinstance(request, Many):
            request.sql = request.sql.replace("AND earlier = ?", "AND earlier >= ?")
        yield request


def _also_what_is_held(target: int, now: int, limit: int, _: frozenset[int]) -> Generator[Request, Any, tuple[list[Owed], int | None]]:
    return _due_and_later(target, now, limit, frozenset())


def _hold_twice(lane: Lane, owed: Owed) -> bool:
    lane.held.discard(owed.delivery_id)
    return _hold(lane, owed)


def _held_or_not() -> AbstractContextManager[object]:
    both = ExitStack()
    both.enter_context(patch.object(backlog, "due_and_later", _also_what_is_held))
    both.enter_context(patch.object(Lane, "hold", _hold_twice))
    return both


def _off_or_on(engine: Engine, lane: Lane) -> tuple[Target, Account] | None:
    directory = engine._directory()
    target, account = directory.targets.get(lane.target_id), directory.accounts.get(lane.account_id)
    return None if target is None or account is None else (target, account)


def _nobody_waits() -> Generator[Request, Any, list[Any]]:
    yield from ()
    return []


def _limits(**more: int) -> Fault:
    limits = {"calls": LIMITS.calls, "calls_per_account": LIMITS.calls_per_account, "calls_per_target": LIMITS.calls_per_target}
    return lambda: patch.object(simulation_process, "LIMITS", EngineLimits(**(limits | more), lane=LIMITS.lane))


def _is(owner: object, name: str, value: object) -> Fault:
    return lambda: patch.object(owner, name, value)


FAULTS: Final[tuple[tuple[str, type[Forwarding], Fault], ...]] = (
    ("an outcome of an old epoch is written", Sharing, _is(ledger, "lost", _nothing_is_lost)),
    ("a call begins with too little left of its lease", Sharing, _is(shards.Shards, "left", lambda *_: 99.0)),
    ("a shard is given back while calls are in flight", Sharing, _is(Engine, "is_idle", lambda *_: True)),
    ("a repeat is a second early", Forwarding, _is(Schedule, "next_due", _early)),
    ("after an outage repeats lose their gaps", Forwarding, _is(Schedule, "next_due", _without_gaps)),
    ("the last attempt is never made", Forwarding, _is(Schedule, "next_due", _one_too_few)),
    ("a failure counts as a delivery", Forwarding, _is(plan, "result_of", _never_again)),
    ("an end is written over", Forwarding, _is(deliveries, "record", _over_what_ended)),
    ("an outcome is written into a later round", Forwarding, _is(deliveries, "record", _in_any_round)),
    ("a call under way keeps no number of its own", Forwarding, _is(resend, "UNDER_WAY", -1)),
    ("what is in flight is loaded and called again", Forwarding, _held_or_not),
    ("one call too many", Forwarding, _limits(calls=LIMITS.calls + 1)),
    ("one call too many of an account", Forwarding, _limits(calls_per_account=LIMITS.calls_per_account + 1)),
    ("one call too many to a target", Forwarding, _limits(calls_per_target=LIMITS.calls_per_target + 1)),
    ("repeats and failing targets take every slot", Forwarding, _is(Turns, "_is_scarce", lambda *_: False)),
    ("a target that is off is called", Forwarding, _is(Engine, "_served", _off_or_on)),
    ("a target that is paused is called", Forwarding, _is(TargetHealth, "is_paused", lambda *_: False)),
    ("what is not offered is never found", Forwarding, _is(deliveries, "waiting_targets", _nobody_waits)),
)


def found_in(machine: type[Forwarding], fault: Fault, at_most: int, same: bool = False) -> int | None:
    """How many examples the simulation takes to find it, or None; the `same` ones each time or new ones. What it finds is not shrunk."""
    tally: Counter[str] = Counter()
    tried = type(machine.__name__, (machine,), {"tally": tally})
    chosen = settings(
        max_examples=at_most, stateful_step_count=40, deadline=None, database=None, phases=[Phase.generate], derandomize=same,
        print_blob=False, suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    with fault():
        try:
            run_state_machine_as_test(tried, settings=chosen)
        except AssertionError:
            return tally["examples"]
    return None
