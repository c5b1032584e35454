"""Slots and turns: limits are never exceeded, and everybody gets a turn."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from odzew.forward.lane import Lane
from odzew.forward.turns import EngineLimits, Turns
from odzew.model import Owed


def a_lane(target: int, account: int, count: int) -> Lane:
    lane = Lane(target, account, 0)
    for key in range(count):
        lane.hold(Owed(target * 1000 + key, target, account, key, key))
    return lane


def begun(turns: Turns, most: int = 10_000) -> list[int]:
    """Starts what may be started; the targets in order."""
    order: list[int] = []
    while len(order) < most and (lane := turns.next()) is not None:
        if turns.has_slot(lane, None):
            lane.take()
            turns.begin(lane)
            order.append(lane.target_id)
    return order


def test_accounts_take_turns_and_within_them_their_targets() -> None:
    turns = Turns(EngineLimits())
    for lane in (a_lane(1, 1, 3), a_lane(2, 1, 3), a_lane(3, 2, 3)):
        turns.queue(lane)
    assert begun(turns) == [1, 3, 2, 3, 1, 3, 2, 1, 2]


def test_first_attempts_come_before_repeats_and_both_in_order() -> None:
    lane = Lane(1, 1, 0)
    for key, slot in ((1, 1), (2, 0), (3, 2), (4, 0)):
        assert lane.hold(Owed(key, 1, 1, key, key, slot))
    assert not lane.hold(Owed(2, 1, 1, 2, 2)), "held already"
    assert [lane.take().delivery_id for _ in range(4)] == [2, 4, 1, 3]


def test_what_is_dropped_while_a_load_is_under_way_is_taken_from_it() -> None:
    lane = a_lane(1, 1, 2)
    lane.begin_load()
    lane.drop()
    assert (len(lane), lane.held) == (0, set())
    assert lane.hold(Owed(1001, 1, 1, 1, 1))


def test_a_lane_expects_the_earliest() -> None:
    lane = Lane(1, 1, 0)
    for due in (7, 3, 5):
        lane.expect(due)
    assert lane.next_due == 3
    assert lane.begin_load() == 3
    lane.expect(9)
    assert lane.next_due == 9, "for the next load"


def test_an_account_at_its_limit_stands_aside_until_one_of_its_calls_ends() -> None:
    turns = Turns(EngineLimits(calls=10, calls_per_account=2))
    greedy, other = a_lane(1, 1, 50), a_lane(2, 2, 1)
    turns.queue(greedy)
    assert begun(turns) == [1, 1]
    turns.queue(other)
    turns.queue(greedy)
    assert begun(turns) == [2]
    assert not turns
    turns.end(greedy)
    assert begun(turns) == [1]


def test_nothing_waits_after_clear_and_calls_in_flight_still_end() -> None:
    turns = Turns(EngineLimits(calls=1))
    lane = a_lane(1, 1, 5)
    turns.queue(lane)
    assert begun(turns) == [1]
    turns.clear()
    turns.end(lane)
    assert turns.in_flight == 0
    assert begun(turns) == []


LANES = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 12)), min_size=1, max_size=6)


@given(LANES, st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_limits_are_never_exceeded_and_nobody_is_forgotten(
    accounts: list[tuple[int, int]], calls: int, per_account: int, per_target: int, choice: random.Random
) -> None:
    turns = Turns(EngineLimits(calls, per_account, per_target))
    lanes = [a_lane(number, account, count) for number, (account, count) in enumerate(accounts, 1)]
    for lane in lanes:
        turns.queue(lane)
    flying: list[Lane] = []
    done = 0
    while True:
        flying += [lanes[target - 1] for target in begun(turns)]
        assert turns.in_flight == len(flying) <= calls
        for account in (1, 2, 3):
            assert sum(lane.account_id == account for lane in flying) <= per_account
        assert all(flying.count(lane) == lane.in_flight <= per_target for lane in lanes)
        if not flying:
            break
        ended = flying.pop(choice.randrange(len(flying)))
        turns.end(ended)
        done += 1
    assert done == sum(count for _, count in accounts)
    assert not any(map(len, lanes))


# --- what passes a backlog -------------------------------------------------------------------------------------------


def taken(lane: Lane) -> list[int]:
    return [lane.take().delivery_id for _ in range(len(lane))]


def test_those_that_pass_take_turns_with_first_attempts_and_then_with_repeats() -> None:
    lane = Lane(1, 1, 0)
    for key, slot in ((1, 0), (2, 1), (3, 0), (4, 1)):
        lane.hold(Owed(key, 1, 1, key, key, slot))
    for key in (11, 12, 13, 14, 15, 16):
        lane.hold_ahead(Owed(key, 1, 1, key, key))
    lane.hold_ahead(Owed(3, 1, 1, 3, 3))
    assert lane.ahead == 6, "what is held already is not taken"
    assert taken(lane) == [11, 1, 12, 3, 13, 2, 14, 4, 15, 16]


def test_where_no_repeat_may_be_called_those_that_pass_are() -> None:
    turns, lane = Turns(EngineLimits(calls=2)), Lane(1, 1, 0)
    for key in (1, 2, 3):
        lane.hold(Owed(key, 1, 1, key, key, 1))
    for key in (11, 12):
        lane.hold_ahead(Owed(key, 1, 1, key, key))
    turns.queue(lane)
    made = []
    for _ in range(4):
        if turns.next() is None:
            break
        owed = lane.take()
        made.append((owed.delivery_id, turns.begin(lane, repeat=bool(owed.slot))))
        if owed.delivery_id > 10:
            turns.end(lane, made[-1][1])
    assert [key for key, _ in made] == [11, 1, 12], "one slot is for repeats, and taken"
    turns.end(lane, made[1][1])
    assert turns.next() is lane
    assert lane.take().delivery_id == 2


def test_what_is_offered_while_a_load_is_under_way_is_taken_at_its_end_unless_it_was_read_or_dropped() -> None:
    lane = Lane(1, 1, 0)
    lane.begin_load()
    for key in (1, 2):
        lane.hold_ahead(Owed(key, 1, 1, key, key))
    assert (len(lane), lane.ahead) == (0, 2)
    lane.hold(Owed(1, 1, 1, 1, 1))
    lane.end_load()
    assert taken(lane) == [2, 1]
    lane.begin_load()
    lane.hold_ahead(Owed(3, 1, 1, 3, 3))
    lane.drop()
    lane.end_load()
    assert len(lane) == 0


MINUTE = 60_000_000


def test_a_lane_is_behind_when_what_it_has_not_read_has_been_due_for_a_minute() -> None:
    lane, now = Lane(1, 1, 0), 10 * MINUTE
    assert not lane.is_behind(now)
    lane.expect(now - MINUTE)
    assert not lane.is_behind(now)
    lane.expect(now - MINUTE - 1)
    assert lane.is_behind(now)
    lane.begin_load()
    assert lane.is_behind(now), "while that is read"
    lane.has_read(now - 2 * MINUTE)
    lane.end_load()
    lane.expect(now)
    assert lane.is_behind(now), "there is more"
    lane.begin_load()
    lane.has_read(None)
    lane.end_load()
    assert not lane.is_behind(now)
