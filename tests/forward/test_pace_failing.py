"""Targets that are failing share a hundred calls a second: as fast as they fail, they would take the time of all others."""

from __future__ import annotations

import pytest

from odzew.clock import FixedClock
from odzew.forward.lane import Lane
from odzew.forward.pace import FAILING, Bucket, Pace
from odzew.forward.protection import FAILING as IN_A_ROW
from odzew.forward.turns import EngineLimits, Turns
from odzew.model import Owed
from odzew.store.directory import Directory

EACH = 400


class House:
    """Turns of four targets, of which the first two have failed lately. `taken`: the targets of the calls, which end at once."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.turns = Turns(EngineLimits(), Pace(self.clock, Directory, 0.0, self.resume))
        self.lanes = [Lane(target, target % 2, 0) for target in range(4)]
        self.taken: list[int] = []
        for lane in self.lanes[:2]:
            for _ in range(IN_A_ROW):
                lane.protection.failed("refused", 8, 0, 0)
        for lane in self.lanes:
            for key in range(EACH):
                lane.hold(Owed(lane.target_id * EACH + key, lane.target_id, lane.account_id, key, key))
            self.turns.queue(lane)
        self.pump()

    def resume(self, free: list[object]) -> None:
        self.turns.resume(free)
        self.pump()

    def pump(self) -> None:
        while (lane := self.turns.next()) is not None:
            lane.take()
            self.taken.append(lane.target_id)
            self.turns.end(lane, self.turns.begin(lane))

    @property
    def counts(self) -> list[int]:
        return [self.taken.count(target) for target in range(4)]


def test_they_wait_and_nobody_else_does() -> None:
    house = House()
    burst = round(FAILING)
    assert house.counts[2:] == [EACH, EACH]
    assert sum(house.counts[:2]) == pytest.approx(burst, abs=1), "a second's worth begins at once"
    house.clock.advance(1)
    assert sum(house.counts[:2]) == pytest.approx(2 * burst, abs=2)
    assert house.counts[0] == pytest.approx(house.counts[1], abs=1), "in turns"
    house.clock.advance(2 * EACH / FAILING)
    assert house.counts == [EACH] * 4, "no attempt is skipped"


def test_one_that_answers_again_waits_no_more() -> None:
    house = House()
    house.lanes[0].protection.succeeded(8)
    house.clock.advance(0.011)
    assert house.counts[0] == EACH
    assert house.counts[1] < EACH


def test_a_second_is_given_in_advance_and_then_each_call_has_its_time() -> None:
    bucket, now = Bucket(4.0), 50.0
    begun = []
    while now < 53.0:
        bucket.begin(now)
        begun.append(now)
        now = bucket.free_at(now)
    assert begun == [50.0] * 4 + [50.0 + number / 4 for number in range(1, 12)], "four at once"
    assert bucket.free_at(90.0) == 90.0
    for _ in range(4):
        assert bucket.free_at(90.0) == 90.0
        bucket.begin(90.0)
    assert bucket.free_at(90.0) == 90.25, "no more than a second is saved up"
