"""Limits per second: no second has more calls than that, everything is delivered, and nobody else waits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import SECOND, FixedClock
from odzew.forward.lane import Lane
from odzew.forward.pace import Pace, Window
from odzew.forward.turns import EngineLimits, Turns
from odzew.model import Account, Owed, Target
from odzew.store.directory import Directory
from tests.forward.builders import Gateway
from tests.forward.conftest import Open

ROUNDING = 3  # microseconds


def most_in(instants: Sequence[int], span: float = 1.0) -> int:
    """The most that lie in a span of so many seconds, whichever moment it begins at. Instants: microseconds, in order."""
    return max((bisect_left(instants, at + round(span * SECOND) - ROUNDING) - place for place, at in enumerate(instants)), default=0)


def begun(here: Gateway, host: str = "") -> list[int]:
    return sorted(made.at for made in here.sender.made if made.host.startswith(host))


# --- one owner ---------------------------------------------------------------------------------------------------------

RATES = [(1.0, 1, 1.0), (20.0, 20, 1.0), (2.5, 3, 1.2), (0.1, 1, 10.0), (0.01, 1, 100.0)]


@pytest.mark.parametrize(("rate", "most", "span"), RATES)
def test_so_many_at_once_and_the_next_when_the_first_is_old_enough(rate: float, most: int, span: float) -> None:
    window = Window(rate)
    for _ in range(most):
        assert window.free_at(7.0) == 7.0
        window.begin(7.0)
    assert window.free_at(7.0) == pytest.approx(7.0 + span)
    assert window.free_at(7.0 + span) == 7.0 + span


@given(st.sampled_from([0.5, 1.0, 2.5, 3.0, 7.0]), st.lists(st.floats(0, 2), max_size=60))
def test_no_span_has_more_whenever_calls_are_wanted(rate: float, gaps: list[float]) -> None:
    window, now, instants = Window(rate), 1000.0, []
    for gap in gaps:
        now = max(now + gap, window.free_at(now + gap))
        window.begin(now)
        instants.append(round(now * SECOND))
    most, span = {0.5: (1, 2.0), 2.5: (3, 1.2)}.get(rate, (round(rate), 1.0))
    assert most_in(instants, span) <= most
    assert len(window._begun) <= most + 1, "what is old is forgotten"


def test_another_limit_counts_what_has_begun() -> None:
    window = Window(10.0)
    for tenth in range(5):
        window.begin(tenth / 10)
    window.change(2.0)
    assert window.free_at(0.5) == pytest.approx(1.3), "the last but one began at 0.3"
    window.change(100.0)
    assert window.free_at(0.5) == 0.5


# --- turns -------------------------------------------------------------------------------------------------------------


class House:
    """Turns under limits per second. `taken` has (seconds, target) of each call, which ends at once."""

    def __init__(self, accounts: dict[int, float | None], targets: dict[int, tuple[int, float | None]], in_all: float = 0.0) -> None:
        self.clock = FixedClock()
        self.begun = self.clock.monotonic()
        self.directory = Directory(
            accounts={key: Account(key, str(key), per_second=rate) for key, rate in accounts.items()},
            targets={
                key: Target(key, owner, "account", owner, "sms", str(key), "", per_second=rate) for key, (owner, rate) in targets.items()
            },
        )
        self.turns = Turns(EngineLimits(), Pace(self.clock, lambda: self.directory, in_all, self.resume))
        self.lanes = {key: Lane(key, owner, 0) for key, (owner, _) in targets.items()}
        self.taken: list[tuple[float, int]] = []
        self.resumed = 0

    def owe(self, target: int, count: int) -> None:
        lane = self.lanes[target]
        for key in range(count):
            lane.hold(Owed(target * 10_000 + len(lane.held) + key, target, lane.account_id, key, key))
        self.turns.queue(lane)
        self.pump()

    def resume(self, free: Sequence[object]) -> None:
        self.resumed += 1
        self.turns.resume(free)
        self.pump()

    def pump(self) -> None:
        while (lane := self.turns.next()) is not None:
            lane.take()
            slot = self.turns.begin(lane)
            self.taken.append((round(self.clock.monotonic() - self.begun, 3), lane.target_id))
            self.turns.end(lane, slot)

    def of(self, target: int) -> list[float]:
        return [at for at, one in self.taken if one == target]


def test_a_target_at_its_limit_waits_alone() -> None:
    house = House({1: None}, {1: (1, 2.0), 2: (1, None)})
    house.owe(1, 5)
    house.owe(2, 5)
    house.clock.advance(2)
    assert house.of(1) == [0, 0, 1, 1, 2]
    assert house.of(2) == [0] * 5


def test_an_account_at_its_limit_waits_alone_and_its_targets_take_turns() -> None:
    house = House({1: 2.0, 2: None}, {1: (1, None), 2: (1, None), 3: (2, None)})
    for target in (1, 2, 3):
        house.owe(target, 4)
    house.clock.advance(3)
    assert house.of(3) == [0] * 4
    assert house.of(1) == [0, 0, 1, 2], "the other one was not there yet"
    assert house.of(2) == [1, 2, 3, 3]


def test_the_limit_in_all_is_shared_in_turns() -> None:
    house = House({1: None, 2: None}, {1: (1, None), 2: (2, None)}, in_all=2.0)
    house.owe(1, 10)
    house.owe(2, 2)
    house.clock.advance(5)
    assert house.of(2) == [1, 2], "one of the two of each second"
    assert house.of(1) == [0, 0, 1, 2, 3, 3, 4, 4, 5, 5]


def test_every_limit_holds_at_the_same_time() -> None:
    house = House({1: 3.0}, {1: (1, 2.0), 2: (1, 2.0), 3: (1, 2.0)}, in_all=4.0)
    for target in (1, 2, 3):
        house.owe(target, 30)
    house.clock.advance(40)
    assert len(house.taken) == 90
    assert most_in([round(at * SECOND) for at, _ in house.taken]) == 3
    assert all(most_in([round(at * SECOND) for at in house.of(target)]) <= 2 for target in (1, 2, 3))


def test_nobody_looks_while_nothing_may_begin() -> None:
    house = House({1: None}, dict.fromkeys(range(1, 51), (1, 0.1)))
    for target in range(1, 51):
        house.owe(target, 2)
    before = house.resumed
    house.clock.advance(9.9)
    assert house.resumed == before
    house.clock.advance(0.1)
    assert (house.resumed - before, len(house.taken)) == (1, 100), "one timer for all of them"
    assert house.clock.next_due() is None, "and none when nobody waits"


def test_without_limits_there_is_no_timer_and_nothing_is_noted() -> None:
    house = House({1: None}, {1: (1, None)})
    house.owe(1, 100)
    assert len(house.taken) == 100
    assert house.clock.next_due() is None
    assert house.resumed == 0


def test_a_wall_clock_that_is_set_changes_nothing() -> None:
    house = House({1: None}, {1: (1, 1.0)})
    house.owe(1, 4)
    for instant in (0, 4_000_000_000 * SECOND, SECOND):
        house.clock.set_wall(instant)
        house.clock.advance(1)
    assert house.of(1) == [0, 1, 2, 3]


def test_nobody_waits_after_clear() -> None:
    house = House({1: None}, {1: (1, 1.0)})
    house.owe(1, 2)
    house.turns.clear()
    assert house.clock.next_due() is None
    house.clock.advance(5)
    assert house.of(1) == [0]


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, 1.0, 2.5, 4.0]), st.integers(0, 12)), min_size=1, max_size=5),
    st.tuples(*[st.sampled_from([None, 1.0, 3.0])] * 3),
    st.sampled_from([0.0, 2.0, 5.0]),
)
def test_limits_are_never_exceeded_and_nobody_is_forgotten(
    targets: list[tuple[int, float | None, int]], accounts: tuple[float | None, ...], in_all: float
) -> None:
    house = House(dict(enumerate(accounts, 1)), {key: one[:2] for key, one in enumerate(targets, 1)}, in_all)
    for key, (_, _, count) in enumerate(targets, 1):
        house.owe(key, count)
        house.clock.advance(0.3)
    while (due := house.clock.next_due()) is not None:
        house.clock.advance(due)
    assert len(house.taken) == sum(count for *_, count in targets)
    instants = {key: [round(at * SECOND) for at in house.of(key)] for key in house.lanes}
    for key, (_, rate, _) in enumerate(targets, 1):
        assert rate is None or most_in(instants[key]) <= -(-rate // 1)
    for account, rate in enumerate(accounts, 1):
        of_account = sorted(at for key in house.lanes if targets[key - 1][0] == account for at in instants[key])
        assert rate is None or most_in(of_account) <= rate
    assert not in_all or most_in(sorted(at for one in instants.values() for at in one)) <= in_all


# --- the engine --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", ["target", "account", "all"])
async def test_all_is_delivered_and_no_second_has_more(gateway: Open, limit: str) -> None:
    here = await gateway(limits=EngineLimits(per_second=20.0 if limit == "all" else 0.0))
    here.sender.seconds = lambda made: 0.03
    acme = await here.an_account("acme", per_second=20.0 if limit == "account" else None)
    target = await here.a_target(account=acme, per_second=20.0 if limit == "target" else None)
    ids = await here.owe(target, 205)
    await here.advance(seconds=30)
    assert [made.delivery for made in here.sender.made] == ids
    assert most_in(begun(here)) == 20
    assert begun(here)[-1] - begun(here)[0] < 10.2 * SECOND, "nor fewer than may be"
    assert set((await here.states()).values()) == {"delivered"}


async def test_others_do_not_wait_for_one_at_its_limit(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls=10))
    here.sender.seconds = lambda made: 0.5
    slow, other = await here.an_account("slow", per_second=1.0), await here.an_account("other")
    for number in range(5):
        await here.owe(await here.a_target(f"slow{number}.example", slow), 40)
    await here.quiet()
    now = here.clock.now()
    target = await here.a_target("other.example", other)
    await here.owe(target, 9)
    await here.quiet()
    assert begun(here, "other") == [now] * 8, "as many as the target may have at once"
    assert here.sender.in_flight["account 1"] == 1, "who waits has no slot"
    await here.advance(seconds=20)
    assert most_in(begun(here, "slow")) == 1
    assert len(begun(here, "slow")) == 21


async def test_repeats_count_like_first_attempts(gateway: Open) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    await here.owe(await here.a_target(per_second=2.0, retry_minutes=(0.1, 0.1), retry_basis="previous"), 20)
    await here.advance(minutes=10)
    assert len(here.sender.made) == 60
    assert most_in(begun(here)) == 2


async def test_a_limit_that_is_taken_off_or_changed_counts_at_once(gateway: Open) -> None:
    here = await gateway()
    target = await here.a_target(per_second=0.01)
    await here.owe(target, 30)
    await here.advance(seconds=50)
    assert len(here.sender.made) == 1
    target = await here.edit(target, per_second=5.0)
    await here.advance(seconds=2)
    assert (len(here.sender.made), most_in(begun(here))) == (16, 5)
    await here.edit(target, per_second=None)
    assert len(here.sender.made) == 30


async def test_what_does_not_fit_into_memory_keeps_the_limit(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=2, lane=5))
    ids = await here.owe(await here.a_target(per_second=10.0), 60)
    await here.advance(seconds=10)
    assert [made.delivery for made in here.sender.made] == ids
    assert most_in(begun(here)) == 10


async def test_it_goes_on_after_a_stop_and_a_start(gateway: Open) -> None:
    here = await gateway()
    await here.owe(await here.a_target(per_second=1.0), 5)
    await here.quiet()
    await here.stop()
    await here.start()
    await here.advance(seconds=10)
    assert len(here.sender.made) == 5
    assert most_in(begun(here)) == 1
