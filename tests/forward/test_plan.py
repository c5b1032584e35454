"""What follows from an attempt, or from the passing of time (contract 5.5, 5.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import DAY, HOUR, MINUTE, SECOND
from odzew.forward import plan
from odzew.forward.outcome import OUTCOMES
from odzew.forward.schedule import Schedule
from odzew.model import Attempt, Basis, Owed
from tests.forward.builders import a_target

T0 = 1_413_883_083 * SECOND
STANDARD = Schedule()


def owed(slot: int = 0, due_at: int = T0, first_at: int | None = None, served_us: int = 0, key: int = 7) -> Owed:
    return Owed(key, 1, 1, 1, due_at, slot, first_at if first_at is not None or slot == 0 else T0, served_us)


def attempt(number: int = 1, started_at: int = T0, outcome: str = "http_5xx", key: int = 7) -> Attempt:
    return Attempt(key, number, started_at, 2 * SECOND, outcome)


@pytest.mark.parametrize(
    ("minutes", "basis", "expected"),
    [
        (None, None, (0, 5, 10, 15, 60)),
        (None, "previous", (0, 5, 15, 30, 90)),
        ((1.0, 2.5), None, (0, 1, 2.5)),
        ((1.0, 2.5), "previous", (0, 1, 3.5)),
        ((), None, (0,)),
    ],
)
def test_a_target_overrides_the_schedule_of_the_installation(
    minutes: tuple[float, ...] | None, basis: Basis | None, expected: tuple[float, ...]
) -> None:
    found = plan.schedule_of(a_target(retry_minutes=minutes, retry_basis=basis), STANDARD)
    assert found.offsets() == tuple(minute * 60 for minute in expected)


def test_an_installation_with_a_schedule_of_its_own_lends_minutes_and_basis_apart() -> None:
    installation = Schedule((1.0, 2.0), "previous")
    assert plan.schedule_of(a_target(), installation) == installation
    assert plan.schedule_of(a_target(retry_minutes=(5.0, 6.0)), installation) == Schedule((5.0, 6.0), "previous")
    assert plan.schedule_of(a_target(retry_basis="first"), installation) == Schedule((1.0, 2.0), "first")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_success_delivers_and_everything_else_is_owed_again(outcome: str) -> None:
    result = plan.result_of(owed(), attempt(outcome=outcome), STANDARD, T0)
    if outcome == "ok":
        assert (result.state, result.due_at) == ("delivered", None)
    else:
        assert (result.state, result.due_at) == ("pending", T0 + 5 * MINUTE + STANDARD.jitter(7))
    assert (result.first_at, result.target_id) == (T0, 1)


@pytest.mark.parametrize("slot", range(5))
def test_the_last_attempt_exhausts(slot: int) -> None:
    result = plan.result_of(owed(slot), attempt(slot + 1, T0 + STANDARD.slots[slot]), STANDARD, T0)
    assert (result.state, result.due_at is None) == (("exhausted", True) if slot == 4 else ("pending", False))
    assert plan.result_of(owed(slot), attempt(slot + 1, outcome="ok"), STANDARD, T0).state == "delivered"


def test_an_attempt_beyond_a_schedule_that_became_shorter_exhausts() -> None:
    assert plan.result_of(owed(3), attempt(4), Schedule((1.0,)), T0).state == "exhausted"


@pytest.mark.parametrize(
    ("slot", "due", "now", "since", "before", "expected"),
    [
        (0, 0, 10, -99, 0, 10),  # a first attempt that had to wait
        (0, 0, 10, 4, 0, 6),  # served from minute 4 on only: what came before was an outage of ours
        (0, 0, 10, 40, 0, 0),  # not served yet
        (1, 5, 5, -99, 0, 5),  # from the previous attempt to this one, on time
        (1, 5, 35, -99, 0, 35),
        (1, 5, 35, 35, 0, 0),  # the outage lasted until now
        (2, 10, 12, -99, 300, 307),  # what is known from before comes on top
        (9, 10, 12, -99, 300, 302),  # the schedule has become shorter: the gap is not known
        (0, 20, 10, -99, 0, 0),  # a wall clock that was set back
    ],
)
def test_served_time_counts_while_the_target_is_served_only(
    slot: int, due: int, now: int, since: int, before: int, expected: int
) -> None:
    one = owed(slot, T0 + due * MINUTE, served_us=before * MINUTE)
    assert plan.served(one, STANDARD, T0 + now * MINUTE, T0 + since * MINUTE) == expected * MINUTE


@pytest.mark.parametrize(
    ("schedule", "limit"), [(STANDARD, DAY), (Schedule((1.0,)), DAY), (Schedule((5.0, 30 * 60.0)), 31 * HOUR), (Schedule(()), DAY)]
)
def test_a_delivery_is_cut_short_after_the_later_of_24_hours_and_the_last_slot_and_an_hour(schedule: Schedule, limit: int) -> None:
    assert plan.ends_unmade(owed(), schedule, T0 + limit, T0) is None
    assert plan.ends_unmade(owed(), schedule, T0 + limit + 1, T0) == "cut_short"
    assert plan.ends_unmade(owed(), schedule, T0 + limit + 1, T0 + 1) is None, "served one microsecond less"


def test_a_schedule_that_became_shorter_than_what_was_made_ends_a_delivery() -> None:
    assert plan.ends_unmade(owed(2), Schedule((1.0,)), T0, T0) == "no_more_attempts"
    assert plan.ends_unmade(owed(1), Schedule((1.0,)), T0, T0) is None


@pytest.mark.parametrize(
    ("late", "served_since", "delayed"), [(60, -1, False), (61, -1, True), (3600, 3590, False), (3600, 3530, True), (-5, -1, False)]
)
def test_more_than_a_minute_late_though_served_is_delayed(late: int, served_since: int, delayed: bool) -> None:
    assert plan.is_delayed(owed(), T0 + late * SECOND, T0 + served_since * SECOND) is delayed


minutes = st.lists(st.floats(0.01, 600), min_size=1, max_size=6)
waits = st.lists(st.integers(0, 3 * HOUR), min_size=8, max_size=8)


@given(minutes, waits, st.integers(1, 1 << 40))
def test_a_delivery_that_always_fails_has_every_attempt_each_in_its_time(spans: list[float], late: list[int], key: int) -> None:
    schedule = Schedule(tuple(spans), "previous")
    one = owed(key=key)
    starts: list[int] = []
    while True:
        started = one.due_at + late[len(starts)]
        starts.append(started)
        result = plan.result_of(one, attempt(one.slot + 1, started, key=key), schedule, T0)
        if result.due_at is None:
            break
        one = Owed(key, 1, 1, 1, result.due_at, one.slot + 1, result.first_at, result.served_us)
    assert result.state == "exhausted"
    assert len(starts) == schedule.attempts
    assert result.served_us <= starts[-1] - T0
    for number in range(1, len(starts)):
        assert starts[number] >= starts[0] + schedule.slots[number]
        assert starts[number] >= starts[number - 1] + schedule.slots[number] - schedule.slots[number - 1]
