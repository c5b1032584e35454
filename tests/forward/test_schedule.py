"""Contract 5.5: when a call that failed is made again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import DAY, HOUR, MINUTE, SECOND
from odzew.errors import SettingError
from odzew.forward.schedule import LONGEST, Schedule
from odzew.model import Basis

FIRST_AT = 1_413_883_083 * SECOND


@pytest.mark.parametrize(
    ("minutes", "basis", "offsets"),
    [
        ((5, 10, 15, 60), "first", (0, 300, 600, 900, 3600)),
        ((5, 10, 15, 60), "previous", (0, 300, 900, 1800, 5400)),
        ((0.5,), "first", (0, 30)),
        ((0.5, 0.25), "previous", (0, 30, 45)),
        ((), "first", (0,)),
        ((), "previous", (0,)),
        ((10080,), "first", (0, 604800)),
    ],
)
def test_slots(minutes: tuple[float, ...], basis: Basis, offsets: tuple[float, ...]) -> None:
    schedule = Schedule(minutes, basis)
    assert schedule.offsets() == offsets
    assert schedule.attempts == len(offsets)


def test_the_default_is_the_published_one() -> None:
    assert Schedule().offsets() == (0, 300, 600, 900, 3600)


@pytest.mark.parametrize(
    ("minutes", "basis", "says"),
    [
        ((-1,), "first", "above 0"),
        ((0,), "first", "above 0"),
        ((math.nan,), "first", "above 0"),
        ((math.inf,), "first", "above 0"),
        ((True,), "first", "above 0"),
        (("5",), "first", "above 0"),
        ((None,), "first", "above 0"),
        ((10081,), "first", "7 days"),
        ((1e300,), "first", "7 days"),
        ((6000, 6000), "previous", "7 days"),
        ((5, 5), "first", "one after the other"),
        ((10, 5), "first", "one after the other"),
        ((0.0001,), "first", "at least 0.001 minutes apart"),
        ((1,) * 21, "previous", "at most 20"),
        ((5,), "last", "'first' or 'previous'"),
    ],
)
def test_silly_schedules_are_refused(minutes: tuple[float, ...], basis: Basis, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        Schedule(minutes, basis)


@pytest.mark.parametrize(("basis", "minutes"), [("first", (0, 5, 10, 15, 60)), ("previous", (0, 5, 15, 30, 90))])
def test_a_url_that_always_fails_is_called_at_the_published_minutes(basis: Basis, minutes: tuple[int, ...]) -> None:
    schedule = Schedule((5, 10, 15, 60), basis)
    started = [FIRST_AT]
    while (due := schedule.next_due(len(started), FIRST_AT, started[-1])) is not None:
        started.append(due)
    assert [(at - FIRST_AT) / MINUTE for at in started] == list(minutes)


@pytest.mark.parametrize(
    ("what", "slot", "previous_minute", "due_minute"),
    [
        ("on time", 1, 0, 5),
        ("the second on time", 2, 5, 10),
        ("an outage of 30 minutes: one call at once, made by the engine at 35; the rest keep their gaps", 2, 35, 40),
        ("and after it", 3, 40, 45),
        ("the long gap is kept too", 4, 45, 90),
        ("a little late: the gap decides", 2, 6, 11),
        ("an outage before the last: its slot is past, its gap is not", 4, 200, 245),
        ("none left", 5, 60, None),
        ("none left, long after", 9, 60, None),
        ("the first is due at once", 0, 0, 0),
    ],
)
def test_next_due(what: str, slot: int, previous_minute: int, due_minute: int | None) -> None:
    due = Schedule().next_due(slot, FIRST_AT, FIRST_AT + previous_minute * MINUTE)
    assert due == (None if due_minute is None else FIRST_AT + due_minute * MINUTE), what


def test_a_wall_clock_that_was_set_back_makes_nothing_early() -> None:
    due = Schedule().next_due(2, FIRST_AT, FIRST_AT - HOUR)
    assert due == FIRST_AT + 10 * MINUTE


@pytest.mark.parametrize(
    ("minutes", "most"),
    [
        ((5, 10, 15, 60), 10 * SECOND),
        ((1, 30), 2 * SECOND),
        ((30, 31), 2 * SECOND),
        ((60,), 10 * SECOND),
        ((), 0),
    ],
)
def test_jitter_is_at_most_ten_seconds_and_a_thirtieth_of_the_shortest_gap(minutes: tuple[float, ...], most: int) -> None:
    schedule = Schedule(minutes)
    jitters = [schedule.jitter(delivery) for delivery in range(1, 2000)]
    assert schedule.most_jitter == most
    assert 0 <= min(jitters) <= max(jitters) <= most


def test_jitter_is_one_value_for_each_delivery_and_spreads_neighbours() -> None:
    schedule = Schedule()
    assert [schedule.jitter(n) for n in range(50)] == [Schedule().jitter(n) for n in range(50)]
    in_each_second = [0] * 10
    for delivery in range(10_000):
        in_each_second[min(9, schedule.jitter(delivery) // SECOND)] += 1
    assert min(in_each_second) > 800


@pytest.mark.parametrize(
    ("minutes", "cut_after"),
    [((5, 10, 15, 60), DAY), ((), DAY), ((23 * 60,), DAY), ((24 * 60,), 25 * HOUR), ((10080,), 7 * DAY + HOUR)],
)
def test_a_delivery_is_cut_at_a_day_or_an_hour_after_its_last_slot(minutes: tuple[float, ...], cut_after: int) -> None:
    assert Schedule(minutes).cut_at(FIRST_AT) == FIRST_AT + cut_after


spans = st.lists(st.floats(0.001, 500), max_size=20).map(tuple)


@given(spans, st.integers(0, 2**62), st.lists(st.integers(0, DAY), min_size=20, max_size=20))
def test_never_early_gaps_kept_and_no_attempt_skipped(minutes: tuple[float, ...], delivery: int, lateness: list[int]) -> None:
    schedule = Schedule(minutes, "previous")
    jitter = schedule.jitter(delivery)
    started = [FIRST_AT]
    while (due := schedule.next_due(len(started), FIRST_AT, started[-1], jitter)) is not None:
        slot = len(started)
        assert due >= FIRST_AT + schedule.slots[slot] + jitter
        assert due - started[-1] >= schedule.slots[slot] - schedule.slots[slot - 1]
        assert due == FIRST_AT + schedule.slots[slot] + jitter or due - started[-1] == schedule.slots[slot] - schedule.slots[slot - 1]
        started.append(due + lateness[slot - 1])
    assert len(started) == schedule.attempts == len(minutes) + 1


@given(spans, st.integers(0, 2**62))
def test_jitter_moves_all_repeats_alike(minutes: tuple[float, ...], delivery: int) -> None:
    schedule = Schedule(minutes, "previous")
    jitter = schedule.jitter(delivery)
    started = [FIRST_AT]
    while (due := schedule.next_due(len(started), FIRST_AT, started[-1], jitter)) is not None:
        started.append(due)
    assert [at - FIRST_AT - slot for at, slot in zip(started, schedule.slots, strict=True)] == [0] + [jitter] * len(minutes)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=25).map(tuple), st.sampled_from(["first", "previous"]))
def test_any_list_gives_a_schedule_or_a_setting_error(minutes: tuple[float, ...], basis: Basis) -> None:
    try:
        schedule = Schedule(minutes, basis)
    except SettingError:
        return
    assert list(schedule.slots) == sorted(set(schedule.slots))
    assert schedule.slots[0] == 0
    assert schedule.slots[-1] <= LONGEST
