"""How a target does, from how its attempts end: a table of histories, and what holds of every history."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import DAY, HOUR, MINUTE, SECOND
from odzew.forward.health import FAILURES, LASTING, PAUSE_AFTER, PAUSE_DAYS, Health, after, change_of, health_of
from odzew.store.target_states import FAILING, TargetState

NOON = 16_364 * DAY + DAY // 2  # of some day
OK, BAD = "ok", "http_5xx"

History = list[tuple[int, str]]


def lived(history: History, state: TargetState | None = None) -> TargetState:
    """The state after attempts, (microseconds since noon, outcome)."""
    now = state or TargetState(7)
    for at, outcome in history:
        now = after(now, outcome, NOON + at)
    return now


def daily(days: int, each: int = 1) -> History:
    """Failures for so many days, so many a day, a minute apart."""
    return [(day * DAY + number * MINUTE, BAD) for day in range(days + 1) for number in range(each)]


HISTORIES: tuple[tuple[str, History, Health], ...] = (
    ("nothing happened", [], "well"),
    ("it answers", [(0, OK), (1, OK)], "well"),
    ("four failures, however long", [(number * DAY // 2, BAD) for number in range(4)], "well"),
    ("five within a minute: a restart", [(number * 10 * SECOND, BAD) for number in range(5)], "well"),
    ("many within a minute", [(number * SECOND, BAD) for number in range(59)], "well"),
    ("five over a minute", [(number * 15 * SECOND, BAD) for number in range(5)], "failing"),
    ("the attempts of one delivery", [(minute * MINUTE, BAD) for minute in (0, 5, 10, 15, 60)], "failing"),
    ("a success among them", [(0, BAD), (MINUTE, BAD), (2 * MINUTE, OK), (3 * MINUTE, BAD), (4 * MINUTE, BAD), (5 * MINUTE, BAD)], "well"),
    ("it answers again", [*daily(2, 5), (3 * DAY, OK)], "well"),
    ("any failure counts", [(n * HOUR, word) for n, word in enumerate(("dns", "tls", "template", "verify_mismatch", "?"))], "failing"),
    ("nearly five days", [*daily(4, 5), (5 * DAY - 1, BAD)], "failing"),
    ("five days", daily(5, 5), "paused"),
    ("five days, once a day", daily(5), "paused"),
    ("two bad minutes a week apart", [*daily(0, 5), (7 * DAY, BAD)], "failing"),
    ("three bad minutes in two weeks", [*daily(0, 5), (7 * DAY, BAD), (14 * DAY, BAD)], "paused"),
    ("it answers after the pause: a call was under way", [*daily(5, 5), (5 * DAY + HOUR, OK)], "well"),
    ("attempts told in another order", [(minute * MINUTE, BAD) for minute in (60, 15, 10, 5, 0)], "failing"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "history", "health"), HISTORIES, ids=[row[0] for row in HISTORIES])
def test_histories(name: str, history: History, health: Health) -> None:
    assert health_of(lived(history)) == health


def test_no_state_is_well() -> None:
    assert health_of(None) == "well"


def test_what_is_known_of_a_target_that_fails() -> None:
    found = lived([(-HOUR, OK), *((minute * MINUTE, BAD) for minute in (0, 5, 10, 15, 60))])
    assert found == TargetState(
        7, failing_since=NOON, failures=5, failed_days=1, last_success_at=NOON - HOUR, last_failure_at=NOON + HOUR, last_outcome=BAD
    )


def test_what_is_known_of_a_paused_one() -> None:
    found = lived(daily(5, 5))
    assert (found.paused_at, found.paused_why, found.failing_since) == (NOON + 5 * DAY, FAILING, NOON)


def test_a_pause_by_a_person_is_not_ended_by_a_success() -> None:
    found = lived([(0, OK)], TargetState(7, paused_at=NOON, paused_why="their wish"))
    assert (found.paused_at, found.paused_why) == (NOON, "their wish")


CHANGES = (
    (None, lived([(0, BAD)]), None),
    (lived(daily(0, 4)), lived(daily(0, 5)), "failing"),
    (lived(daily(0, 5)), lived(daily(1, 5)), None),
    (lived(daily(4, 5)), lived(daily(5, 5)), "paused"),
    (lived(daily(5, 5)), lived(daily(5, 6)), None),
    (lived(daily(1, 5)), lived([(0, OK)]), "recovered"),
    (lived([(0, OK)]), lived([(0, OK)]), None),
)


@pytest.mark.parametrize(("before", "now", "told"), CHANGES)
def test_a_change_is_told_once(before: TargetState | None, now: TargetState, told: str | None) -> None:
    assert change_of(before, now) == told


histories = st.lists(st.tuples(st.integers(0, 20 * DAY), st.sampled_from((OK, BAD, BAD, BAD, "dns"))), max_size=60).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


@given(histories)
def test_what_holds_of_every_history(history: History) -> None:
    state = TargetState(7)
    failed: list[int] = []
    for at, outcome in history:
        before, state = state, after(state, outcome, NOON + at)
        failed = [] if outcome == OK else [*failed, NOON + at]
        assert state.failures == len(failed)
        assert state.failing_since == (failed[0] if failed else None)
        assert state.failed_days == len({instant // DAY for instant in failed})
        lasted = failed[-1] - failed[0] if failed else 0
        if health_of(state) != "well":
            assert len(failed) >= FAILURES
            assert lasted >= LASTING
        if health_of(state) == "paused":
            assert lasted >= PAUSE_AFTER
            assert state.failed_days >= PAUSE_DAYS
        else:
            assert lasted < PAUSE_AFTER or len(failed) < FAILURES or state.failed_days < PAUSE_DAYS
        assert change_of(state, state) is None
        assert (change_of(before, state) is None) == (health_of(before) == health_of(state))


@given(histories)
def test_a_success_ends_everything(history: History) -> None:
    found = after(lived(history), OK, NOON + 30 * DAY)
    assert (health_of(found), found.failures, found.failing_since, found.last_success_at) == ("well", 0, None, NOON + 30 * DAY)


@given(st.permutations([(number * MINUTE, BAD) for number in range(6)]))
def test_the_order_in_which_they_are_told_does_not_matter(history: History) -> None:
    found = lived(history)
    assert (found.failing_since, found.last_failure_at, found.failures) == (NOON, NOON + 5 * MINUTE, 6)
