"""A URL in trouble gets fewer calls at once and few of the slots; nobody else notices, and no attempt is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import SECOND, FixedClock
from odzew.forward.lane import Lane
from odzew.forward.loader import SPACED
from odzew.forward.outcome import OUTCOMES
from odzew.forward.protection import FAILING, OVERLOAD, RAISED, Protection
from odzew.forward.turns import EngineLimits, Turns
from odzew.model import Owed
from odzew.store.db import statement
from tests.forward.builders import Made
from tests.forward.conftest import Open

# what happened (o: overload, f: another failure, s: success), calls at once of 8 afterwards, whether it is failing
COURSES: tuple[tuple[str, int, bool], ...] = (
    ("", 8, False),
    ("o", 4, False),
    ("oo", 2, False),
    ("ooo", 1, False),
    ("oooooooo", 1, True),
    ("f" * (FAILING - 1), 8, False),
    ("f" * FAILING, 8, True),
    ("f" * FAILING + "s", 8, False),
    ("ooo" + "s" * (RAISED - 1), 1, False),
    ("ooo" + "s" * RAISED, 2, False),
    ("ooo" + "s" * RAISED * 6, 7, False),
    ("ooo" + "s" * RAISED * 7, 8, False),
    ("ooo" + "s" * (RAISED - 1) + "f" + "s" * (RAISED - 1), 1, False),
)


@pytest.mark.parametrize(("course", "at_once", "failing"), COURSES)
def test_course(course: str, at_once: int, failing: bool) -> None:
    protection = Protection()
    for now, step in enumerate(course):
        if step == "s":
            protection.succeeded(8)
        else:
            protection.failed("http_5xx" if step == "o" else "verify_mismatch", 8, now, now)
    assert (protection.at_once(8), protection.is_failing) == (at_once, failing)


def test_calls_that_were_in_flight_together_count_once() -> None:
    protection = Protection()
    for _ in range(8):
        protection.failed("timeout_response", 8, started_at=0, now=10)
    assert (protection.at_once(8), protection.failures) == (4, 8)
    protection.failed("timeout_response", 8, started_at=10, now=20)
    assert protection.at_once(8) == 2


def test_every_sign_of_overload_is_an_outcome() -> None:
    assert OVERLOAD - {"too_many"} <= OUTCOMES.keys()
    assert not any(OUTCOMES[outcome].success for outcome in OUTCOMES if outcome in OVERLOAD)


@given(st.lists(st.tuples(st.sampled_from(["s", "http_5xx", "http_4xx"]), st.integers(1, 64))))
def test_there_is_always_one_call_and_never_more_than_allowed(steps: list[tuple[str, int]]) -> None:
    protection = Protection()
    for step, allowed in steps:
        if step == "s":
            protection.succeeded(allowed)
        else:
            protection.failed(step, allowed, 0, 0)
        assert 1 <= protection.at_once(allowed) <= allowed


# --- the slots -------------------------------------------------------------------------------------------------------


def lane_of(target: int, fresh: int = 0, repeats: int = 0, failing: bool = False) -> Lane:
    lane = Lane(target, target, 0)
    for number in range(fresh + repeats):
        lane.hold(Owed(1000 * target + number, target, target, 1, 0, slot=0 if number < fresh else 1))
    lane.protection.failures = FAILING if failing else 0
    return lane


def started(turns: Turns, most: int = 1000) -> list[int]:
    """The targets of the calls that can be begun now."""
    begun: list[int] = []
    while len(begun) < most and (lane := turns.next()) is not None:
        if turns.has_slot(lane, 1000):
            owed = lane.take()
            turns.begin(lane, repeat=bool(owed.slot))
            begun.append(lane.target_id)
    return begun


def test_half_the_slots_are_kept_for_first_attempts() -> None:
    turns = Turns(EngineLimits(calls=20))
    turns.queue(lane_of(1, repeats=100))
    assert len(started(turns)) == 10
    turns.queue(lane_of(2, fresh=100))
    assert started(turns) == [2] * 10


def test_first_attempts_may_have_all_of_them() -> None:
    turns = Turns(EngineLimits(calls=20))
    turns.queue(lane_of(1, fresh=100))
    assert len(started(turns)) == 20


def test_targets_that_are_failing_have_a_fifth_together() -> None:
    turns = Turns(EngineLimits(calls=20))
    for target in range(1, 11):
        turns.queue(lane_of(target, fresh=10, failing=True))
    assert started(turns) == [1, 2, 3, 4]
    turns.queue(lane_of(11, fresh=100))
    assert started(turns) == [11] * 16


def test_who_stood_aside_gets_its_turn_when_such_a_call_ends() -> None:
    turns = Turns(EngineLimits(calls=10))
    dead, other = lane_of(1, fresh=3, failing=True), lane_of(2, fresh=3, failing=True)
    turns.queue(dead)
    turns.queue(other)
    slots = []
    while (lane := turns.next()) is not None:
        lane.take()
        slots.append((lane, turns.begin(lane)))
    assert [lane.target_id for lane, _ in slots] == [1, 2]
    turns.end(*slots[0])
    assert started(turns) == [1]
    turns.end(*slots[1])
    assert started(turns) == [2]
    assert (turns.in_flight, turns.failing) == (2, 2)


def test_a_lane_that_stands_aside_for_its_repeats_has_its_fresh_ones_sent() -> None:
    turns = Turns(EngineLimits(calls=4))
    lane = lane_of(1, repeats=10)
    turns.queue(lane)
    assert started(turns) == [1, 1]
    lane.hold(Owed(5, 1, 1, 1, 0))
    turns.queue(lane)
    assert started(turns) == [1]


# --- the engine ------------------------------------------------------------------------------------------------------


async def test_a_url_that_fails_is_called_by_one_call_at_a_time_and_no_attempt_is_lost(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(limits=EngineLimits(calls=40, calls_per_target=8))
    here.sender.seconds = lambda made: 1.0
    here.sender.status = lambda made: 503
    dead = await here.a_target("dead.example")
    ids = await here.owe(dead, 100)
    await here.advance(seconds=10)
    early = len(here.sender.made)
    assert here.sender.most["dead.example"] == 8
    assert early <= 8 + 4 + 2 + 8
    await here.advance(seconds=5)
    assert len(here.sender.made) - early <= 6, "one at a time by now"
    await here.advance(minutes=400)
    tries = [sum(made.delivery == key for made in here.sender.made) for key in ids]
    assert tries == [5] * 100
    assert set((await here.states()).values()) == {"exhausted"}
    assert any(attempt.delayed for attempt in here.attempted), "what began late because of it says so"


async def test_it_is_called_by_as_many_as_before_when_it_is_well_again(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls=40, calls_per_target=4))
    here.sender.seconds = lambda made: 1.0
    target = await here.a_target()
    here.sender.status = lambda made: 500 if len(here.sender.made) <= 8 else 200
    await here.owe(target, 200)
    await here.advance(minutes=4)
    here.sender.most.clear()
    await here.owe(target, 20)
    await here.advance(seconds=30)
    assert here.sender.most["client.example"] == 4


async def test_many_that_hang_leave_the_slots_to_the_others(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls=20, calls_per_target=8))
    here.sender.seconds = lambda made: 10.0 if "dead" in made.host else 0.0
    here.sender.status = lambda made: 503 if "dead" in made.host else 200
    for number in range(10):
        await here.owe(await here.a_target(f"dead-{number}.example"), 20)
    await here.advance(minutes=3)  # by now all of them are known to fail

    def at_dead(made: Made) -> bool:
        return "dead" in made.host

    assert sum(here.sender.in_flight[made.host] for made in {made.host: made for made in here.sender.made if at_dead(made)}.values()) <= 4
    ids = await here.owe(await here.a_target("well.example"), 50)
    await here.quiet()
    assert sorted(here.sender.delivered_to("well.example")) == ids


@pytest.mark.parametrize(("failures", "loads"), [(FAILING, 5), (0, 20)])
async def test_repeats_of_a_target_that_fails_are_read_a_few_at_a_time(failures: int, loads: int, gateway: Open, clock: FixedClock) -> None:
    """Twenty repeats that fall due one by one within two seconds. Each is made at its time or half a second later, none before."""
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target()
    ids = await here.owe(target, 20)
    await here.quiet()
    here.sender.made.clear()
    due_at = {key: clock.now() + 10 * SECOND + place * SECOND // 10 for place, key in enumerate(ids)}
    for key, due in due_at.items():
        await here.db.inner.write(statement, "UPDATE owed SET due_at = ? WHERE delivery_id = ?", due, key)
    here.engine.wake()
    await here.advance(seconds=9)
    here.db.reads.clear()
    here.engine._lanes[target.id].protection.failures = failures
    here.sender.status = lambda made: 500 if failures else 200
    await here.advance(seconds=4)
    assert [made.delivery for made in here.sender.made] == ids
    assert all(0 <= made.at - due_at[made.delivery] <= SPACED for made in here.sender.made)
    assert here.db.reads["due_and_later"] == loads
