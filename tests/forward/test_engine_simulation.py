"""The engine against everything at once: clients that fail, edits, restarts, crashes, a database that goes away.

What must hold whatever happens: every delivery that was accepted ends delivered, exhausted or cancelled; no call is early; a
delivery is in flight once at a time; limits are never exceeded; what is owed is exactly what is pending.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from odzew.clock import SECOND, FixedClock
from odzew.forward.schedule import Schedule
from odzew.forward.turns import EngineLimits
from odzew.model import Target
from tests.forward.builders import Gateway, Made, ScriptedSender
from tests.forward.inline import Disk, InlineDatabase

T = TypeVar("T")

LIMITS = EngineLimits(calls=5, calls_per_account=4, calls_per_target=2, lane=3)
HOSTS = ("a.example", "b.example", "c.example")
ANSWERS = st.sampled_from([(200, 0.0), (500, 0.0), (200, 3.0), (503, 20.0)])
hosts = st.sampled_from(HOSTS)


class Forwarding(RuleBasedStateMachine):
    """`calls` and `switched_off` are the model: what the clients saw, and which targets a person ever switched off."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = FixedClock()
        self.disk = Disk()
        self.answers: dict[str, tuple[int, float]] = dict.fromkeys(HOSTS, (200, 0.0))
        self.senders: list[ScriptedSender] = []
        self.targets: dict[str, Target] = {}
        self.host_of: dict[int, str] = {}
        self.switched_off: set[str] = set()
        self.run(self.begin())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def begin(self) -> None:
        self.senders.append(ScriptedSender(self.clock, self.status, self.seconds))
        self.here = await Gateway(InlineDatabase(self.disk, self.clock), self.clock, self.senders[-1], LIMITS).start()

    def status(self, made: Made) -> int:
        return self.answers[made.host][0]

    def seconds(self, made: Made) -> float:
        return self.answers[made.host][1]

    @initialize()
    def set_up(self) -> None:
        async def work() -> None:
            accounts = [await self.here.an_account(name) for name in ("one", "two")]
            for host, account in zip(HOSTS, (*accounts, accounts[0]), strict=True):
                self.targets[host] = await self.here.a_target(host, account)

        self.run(work())

    # --- what happens ------------------------------------------------------------------------------------------------

    @rule(host=hosts, count=st.integers(1, 6), offered=st.booleans())
    def a_message_comes(self, host: str, count: int, offered: bool) -> None:
        async def work() -> None:
            target = self.targets[host]
            if target.active:  # the inbox owes nothing to a target that is off
                for key in await self.here.owe(target, count, offer=offered):
                    self.host_of[key] = host

        self.run(work())

    @rule(seconds=st.sampled_from([0.5, 7, 61, 299, 310, 1_000, 3_601]))
    def time_passes(self, seconds: float) -> None:
        self.run(self.here.advance(seconds=seconds))

    @rule(host=hosts, answer=ANSWERS)
    def a_client_changes(self, host: str, answer: tuple[int, float]) -> None:
        self.answers[host] = answer

    @rule(host=hosts, active=st.booleans(), told=st.booleans())
    def a_person_switches(self, host: str, active: bool, told: bool) -> None:
        self.targets[host] = self.run(self.here.edit(self.targets[host], wake=told, active=active))
        if not active:
            self.switched_off.add(host)

    @rule(host=hosts, concurrency=st.sampled_from([None, 1, 2]))
    def a_person_edits(self, host: str, concurrency: int | None) -> None:
        self.targets[host] = self.run(self.here.edit(self.targets[host], concurrency=concurrency))

    @rule()
    def somebody_wakes_it(self) -> None:
        self.here.engine.wake()
        self.run(self.here.quiet(3))

    @rule(kinds=st.sets(st.sampled_from(["read", "write"]), min_size=1), seconds=st.sampled_from([0.2, 40, 400]))
    def the_database_goes_away(self, kinds: set[str], seconds: float) -> None:
        self.here.db.away = kinds
        self.run(self.here.advance(seconds=seconds))
        self.here.db.away = set()

    @rule(count=st.integers(1, 3))
    def the_answer_of_a_commit_is_lost(self, count: int) -> None:
        self.here.db.answers_lost = count

    @precondition(lambda self: self.here.db.answers_lost == 0)
    @rule(seconds=st.sampled_from([0.0, 30, 1_800]))
    def it_is_stopped_and_started(self, seconds: float) -> None:
        self.run(self.here.stop())
        self.clock.advance(seconds)
        self.run(self.begin())

    @rule(turns=st.integers(0, 40), seconds=st.sampled_from([0.0, 1_800]))
    def it_is_killed_and_started(self, turns: int, seconds: float) -> None:
        async def work() -> None:
            self.here.engine.look()
            await self.here.quiet(turns)
            await self.here.kill()

        self.run(work())
        self.clock.advance(seconds)
        self.run(self.begin())

    # --- what holds --------------------------------------------------------------------------------------------------

    @invariant()
    def a_delivery_is_in_flight_once_and_limits_hold(self) -> None:
        for sender in self.senders:
            assert sender.twice == []
            for key, most in sender.most.items():
                assert most <= (LIMITS.calls if key == "all" else LIMITS.calls_per_account if "account" in key else LIMITS.calls_per_target)

    @invariant()
    def no_call_is_early_and_none_is_made_after_the_last(self) -> None:
        slots = Schedule().slots
        of: dict[int, list[Made]] = defaultdict(list)
        for sender in self.senders:
            for made in sender.made:
                of[made.delivery].append(made)
        for calls in of.values():
            last: dict[int, int] = {}  # by attempt: when it was made; a later call of the same number is one after a crash
            for made in calls:
                number = int(made.headers["x-attempt"].partition("/")[0])
                assert number <= len(slots)
                assert number >= max(last, default=1), "an attempt whose outcome is stored is not made again"
                if number > 1:
                    assert made.at >= last[number - 1] + slots[number - 1] - slots[number - 2]
                    assert made.at >= last[1] + slots[number - 1]
                last[number] = made.at

    @invariant()
    def what_is_owed_is_what_is_pending(self) -> None:
        rows = self.disk.connection.execute("SELECT id, target_id, state, slot, outcome FROM deliveries").fetchall()
        owed = {row[0] for row in self.disk.connection.execute("SELECT delivery_id FROM owed")}
        assert owed == {row[0] for row in rows if row[2] == "pending"}
        attempts: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for key, *attempt in self.disk.connection.execute("SELECT delivery_id, number, outcome FROM attempts ORDER BY 1, 2"):
            attempts[key].append((attempt[0], attempt[1]))
        for key, _, state, slot, outcome in rows:
            made = attempts[key]
            assert [number for number, _ in made] == list(range(1, slot + 1)), "attempts are recorded one after the other"
            assert (state == "delivered") == (bool(made) and made[-1][1] == "ok")
            if state == "exhausted":
                assert slot == 5, outcome
            if state == "cancelled":
                assert self.host_of[key] in self.switched_off

    def teardown(self) -> None:
        """Everybody is well again: what is still owed comes to its end."""

        async def work() -> None:
            self.answers = dict.fromkeys(HOSTS, (500, 0.0))
            await self.here.advance(minutes=130)
            await self.here.engine.stop()
            states = await self.here.states()
            assert set(states) == set(self.host_of)
            assert set(states.values()) <= {"delivered", "exhausted", "cancelled"}, states

        try:
            self.run(work())
            self.what_is_owed_is_what_is_pending()
            self.no_call_is_early_and_none_is_made_after_the_last()
        finally:
            self.runner.close()
            self.disk.close()


TestForwarding = Forwarding.TestCase
TestForwarding.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_the_machine_sees_a_call_that_is_early() -> None:
    machine = Forwarding.__new__(Forwarding)
    machine.senders = [ScriptedSender(FixedClock())]
    for number, at in ((1, 0), (2, 299)):
        machine.senders[0].made.append(Made(7, at * SECOND, "a.example", "GET", "/", {"x-attempt": f"{number}/5"}))
    with pytest.raises(AssertionError):
        machine.no_call_is_early_and_none_is_made_after_the_last()
