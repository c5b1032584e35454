"""What may happen in a simulation, as rules that Hypothesis draws, orders and shrinks."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.forward.simulation import HOSTS, SCHEDULES, World
from tests.forward.simulation_calls import MANNERS, Manner
from tests.forward.simulation_process import Process

hosts = st.sampled_from(HOSTS)
which = st.integers(0, 2)
spans = st.sampled_from([0.5, 3.0, 8.0, 20.0])
fuses = st.one_of(st.none(), st.integers(1, 60))
later = st.sampled_from([0.0, 0.5, 2.0, 6.5])
"""Seconds that pass after something has happened."""


class Forwarding(RuleBasedStateMachine):
    """`tally` counts over all examples: rules by name, crashes by place."""

    shared: ClassVar[bool] = False
    tally: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World(self.shared, self.tally)
        self.tally["examples"] += 1

    def run(self, name: str, then: float, work: Coroutine[Any, Any, None] | None = None) -> None:
        self.tally[f"rule: {name}"] += 1
        self.tally["steps"] += 1
        if work is not None:
            self.runner.run(work)
        self.runner.run(self.world.advance(then))

    def one(self, number: int) -> Process | None:
        """One of the processes that live."""
        living = self.world.living
        return living[number % len(living)] if living else None

    def light(self, number: int, fuse: int, gap: float) -> None:
        """One has so many steps left; another one comes after the gap, if there is room."""
        if (process := self.one(number)) is not None:
            process.fuse = fuse
            self.world.clock.call_later(gap, self.world.spawn)

    @initialize(manners=st.tuples(*[st.sampled_from(MANNERS)] * len(HOSTS)), count=st.integers(1, 6))
    def begin(self, manners: tuple[Manner, ...], count: int) -> None:
        self.runner.run(self.world.begin())
        self.world.manners.update(zip(HOSTS, manners, strict=True))
        self.messages_come(count, 0.5)

    @rule(count=st.integers(1, 6), fuse=fuses, then=later)
    def messages_come(self, count: int, then: float, fuse: int | None = None) -> None:
        """To everybody, and the first process has taken them; then it is killed, or not."""
        if fuse is not None:
            self.light(0, fuse, 3.0)

        async def work() -> None:
            for host in HOSTS:
                await self.world.message(host, count, self.one(0))

        self.run("messages come", then, work())

    @rule(host=hosts, count=st.integers(1, 7), by=which, told=st.booleans(), then=later)
    def a_message_comes(self, host: str, count: int, by: int, told: bool, then: float) -> None:
        self.run("a message comes", then, self.world.message(host, count, self.one(by) if told else None))

    @rule(seconds=st.sampled_from([3.0, 6.5, 20.0, 61.0]), number=which, fuse=fuses)
    def time_passes(self, seconds: float, number: int, fuse: int | None) -> None:
        """Meanwhile a process is killed, or not."""
        if fuse is not None:
            self.light(number, fuse, 0.5)
        self.run("time passes", seconds)

    @rule(seconds=st.sampled_from([1.0, 30.0, 86_400.0]), then=later)
    def the_clock_is_set_forward(self, seconds: float, then: float) -> None:
        self.world.jump(seconds)
        self.run("the wall clock is set forward", then)

    @rule(host=hosts, manner=st.sampled_from(MANNERS))
    def a_client_changes(self, host: str, manner: Manner) -> None:
        self.world.manners[host] = manner

    # --- people ------------------------------------------------------------------------------------------------------

    @rule(host=hosts, change=st.sampled_from([*SCHEDULES.values(), *({"concurrency": number} for number in (1, 2, None))]), then=later)
    def a_person_edits(self, host: str, change: dict[str, Any], then: float) -> None:
        self.run("a target is edited", then, self.world.edit(host, **change))

    @rule(host=hosts, active=st.booleans(), then=later)
    def a_person_switches(self, host: str, active: bool, then: float) -> None:
        self.run("a target is switched off or on", then, self.world.edit(host, active=active))

    @rule(host=hosts, then=later)
    def a_person_removes(self, host: str, then: float) -> None:
        self.run("a target is removed", then, self.world.remove(host))

    @rule(host=hosts, at_once=st.booleans(), then=later)
    def protection_pauses(self, host: str, at_once: bool, then: float) -> None:
        self.run("a target is paused by protection", then, self.world.pause(host) if at_once else self.world.fail_for_days(host))

    @rule(host=hosts, drop=st.booleans(), then=later)
    def a_person_resumes(self, host: str, drop: bool, then: float) -> None:
        """One that is not paused is paused first."""

        async def work() -> None:
            if host not in self.world.paused():
                await self.world.pause(host)
                await self.world.advance(0.0)
            await self.world.resume(host, drop)

        self.run("a target is resumed", then, work())

    @rule(host=hosts, delivered=st.booleans(), rate=st.sampled_from([0.5, 100.0]), then=later)
    def a_person_sends_again(self, host: str, delivered: bool, rate: float, then: float) -> None:
        self.run("sent again by hand", then, self.world.send_again(host, delivered, rate))

    @rule(host=hosts, count=st.integers(0, 3), rate=st.sampled_from([0.5, 100.0]), then=later)
    def a_person_drops_and_regrets_it(self, host: str, count: int, rate: float, then: float) -> None:
        """What was missed is dropped and sent again at once: calls of before the pause may still be in flight."""

        async def work() -> None:
            if count:
                await self.world.message(host, count, self.one(0))
                await self.world.advance(0.2)
            await self.world.pause(host)
            await self.world.advance(0.0)
            await self.world.resume(host, drop=True)
            await self.world.send_again(host, False, rate)

        self.run("dropped and sent again", then, work())

    # --- processes ---------------------------------------------------------------------------------------------------

    @rule(number=which, steps=st.integers(1, 40), gap=spans, then=later)
    def one_is_killed(self, number: int, steps: int, gap: float, then: float) -> None:
        self.light(number, steps, gap)
        self.run("a process is killed", then)

    @rule(number=which, patience=st.sampled_from([0.0, 12.0]), then=later)
    def one_is_stopped(self, number: int, patience: float, then: float) -> None:
        if (process := self.one(number)) is not None:
            self.run("a process is stopped", then, self.world.stop(process, patience))

    @precondition(lambda self: len(self.world.living) < (3 if self.shared else 1))
    @rule(then=later)
    def one_starts(self, then: float) -> None:
        self.world.clock.call_later(0.0, self.world.spawn)
        self.run("a process starts", then)

    @rule(number=which, seconds=spans, then=later)
    def one_is_stalled(self, number: int, seconds: float, then: float) -> None:
        if (process := self.one(number)) is not None:
            process.stall(seconds)
            self.run("a process is stalled", then)

    @rule(number=which, seconds=spans, then=later)
    def one_is_deaf(self, number: int, seconds: float, then: float) -> None:
        """Notifications do not reach it for a while."""
        if (process := self.one(number)) is not None:

            def hear() -> None:
                process.deaf = False
                process.hear()

            process.deaf = True
            self.world.clock.call_later(seconds, hear)
            self.run("notifications are missed", then)

    # --- the store ---------------------------------------------------------------------------------------------------

    @rule(number=which, kinds=st.sets(st.sampled_from(["read", "write"]), min_size=1), seconds=spans, lasting=st.booleans(), then=later)
    def the_store_fails(self, number: int, kinds: set[str], seconds: float, lasting: bool, then: float) -> None:
        if (process := self.one(number)) is not None:
            faults = process.db.broken if lasting else process.db.away
            faults |= kinds
            process.trouble(seconds)
            self.world.clock.call_later(seconds, faults.clear)
            self.run("the store is broken" if lasting else "the store is away", then)

    @rule(number=which, seconds=spans, then=later)
    def the_store_hangs(self, number: int, seconds: float, then: float) -> None:
        if (process := self.one(number)) is not None:
            process.hang(seconds)
            self.run("the store hangs", then)

    @rule(number=which, count=st.integers(1, 3), then=later)
    def answers_of_commits_are_lost(self, number: int, count: int, then: float) -> None:
        if (process := self.one(number)) is not None:
            process.db.lost_answers = count
            self.run("the answer of a commit is lost", then)

    @rule(number=which, count=st.integers(1, 3), then=later)
    def details_are_refused(self, number: int, count: int, then: float) -> None:
        if (process := self.one(number)) is not None:
            process.db.refused = count
            self.run("the store refuses details", then)

    # --- what holds --------------------------------------------------------------------------------------------------

    @invariant()
    def everything_holds(self) -> None:
        self.world.judge.at_rest()

    def teardown(self) -> None:
        """Everybody is well again, and what is owed comes to its end."""
        try:
            if self.world.targets:
                self.runner.run(self.world.end())
        finally:
            self.runner.close()
            self.world.close()


class Sharing(Forwarding):
    """Up to three processes on one database."""

    shared = True
    tally: ClassVar[Counter[str]] = Counter()
