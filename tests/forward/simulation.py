"""The world of a simulation: a store, clients, people who edit, and processes that forward, are killed, stalled and cut off.

Everything is decided by what is called here and by fixed clocks, so a run can be repeated and shrunk. `shared`: several processes
that lease the targets' shards from each other, as on PostgreSQL; otherwise one at a time, which owns them all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final

from structlog.testing import capture_logs

from odzew.clock import DAY, HOUR, SECOND, FixedClock
from odzew.model import Account, Owed, Target
from odzew.store import deliveries, messages, target_states
from odzew.store.changes import bump
from odzew.store.db import MakeUnit, Notify, Request, reserve
from odzew.store.directory import Directory, load
from odzew.store.people import save_accounts
from odzew.store.resend import UNDER_WAY, Pace, drop_owed, newest_delivery, put_off, resend
from odzew.store.target_states import TargetState
from odzew.store.targets import remove_targets, save_targets
from tests.forward.builders import a_message, a_target
from tests.forward.inline import Disk, InlineDatabase, turn
from tests.forward.simulation_calls import MANNERS, TIMES, Made, Manner
from tests.forward.simulation_judge import Judge
from tests.forward.simulation_process import Process, listening, task_factory

HOSTS: Final = ("a.example", "b.example", "c.example", "d.example")
STILL: Final = 9  # turns of the loop without a step of anybody: nothing moves any more
SHORTEST: Final = 1e-6  # seconds of a step
TOO_MANY: Final = 3_000  # steps, or turns of the loop, at one instant: it spins
EXPECTED: Final = {"outcome_refused", "forward_look_failed", "forward_load_failed", "outcomes_not_stored"}
"""Errors in the log that belong to a broken store."""


class World:
    """`tally` counts what happened. All instants are of `clock`; each process has one of its own, which follows unless it is stalled."""

    def __init__(self, shared: bool, tally: Counter[str]) -> None:
        self.shared = shared
        self.tally = tally
        self.clock = FixedClock()
        self.disk = Disk()
        self.judge = Judge(self)
        self.moves = 0
        self.calls: list[Made] = []
        self.manners: dict[str, Manner] = dict.fromkeys(HOSTS, MANNERS[0])
        self.targets: dict[str, Target] = {}
        self.target_of: dict[int, int] = {}
        self.account_of: dict[int, int] = {}
        self.was_off: set[int] = set()
        self.schedules: set[int] = set()  # targets whose schedule was edited
        self.dropped: set[int] = set()
        self.put_off: set[int] = set()
        self.of_old_rounds: set[int] = set()  # dropped and sent again
        self.sent_again_at: dict[int, int] = {}
        self.kept: set[tuple[int, int]] = set()  # (delivery, number) of a call that may have been under way then
        self.processes: list[Process] = []
        self.jumped_until = 0.0
        self.born = self.versions = 0
        self._seen = 0
        self._closing = ExitStack()
        self._closing.callback(self.disk.close)
        self._logged = self._closing.enter_context(capture_logs())

    # --- what there is -----------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Two accounts, two targets each, and the first process."""
        asyncio.get_running_loop().set_task_factory(task_factory)  # type: ignore[arg-type]  # the stub knows fewer keywords
        ids = await self.person(_save_accounts, [Account(0, "one"), Account(0, "two")])
        for host, account in zip(HOSTS, (ids["one"], ids["one"], ids["two"], ids["two"]), strict=True):
            await self._save(a_target("", account=account, name=host))
        self.spawn()
        await self.quiet()

    def close(self) -> None:
        self._closing.close()

    @property
    def living(self) -> list[Process]:
        return [process for process in self.processes if not process.dead]

    @property
    def jumped(self) -> bool:
        """Whether the wall clock was set forward lately: leases are judged by it in the table, and by their holders not."""
        return self.clock.monotonic() < self.jumped_until

    def was_edited(self, target: int) -> bool:
        return target in self.schedules

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """What is committed."""
        return self.disk.connection.execute(sql, parameters).fetchall()

    def errors(self) -> list[str]:
        """What was logged as an error since the last time, and is no fault of the store."""
        new, self._seen = self._logged[self._seen :], len(self._logged)
        return [str(one) for one in new if one["log_level"] == "error" and one["event"] not in EXPECTED]

    # --- processes ---------------------------------------------------------------------------------------------------

    def spawn(self) -> None:
        """A new process, where there is room for one."""
        if len(self.living) < (3 if self.shared else 1):
            self.born += 1
            self.processes.append(Process(self, f"p{self.born}", InlineDatabase(self.disk, self.clock)))
            self.processes[-1].start()

    def crashed(self, process: Process, where: str) -> None:
        self.tally["crashes"] += 1
        self.tally[f"crash: {where}"] += 1
        process.die()

    async def stop(self, process: Process, patience: float) -> None:
        """Ends one in order."""
        stopping = process.task(process.stop(patience), "stop")
        for _ in range(100):
            await self.quiet()
            if stopping.done() or process.dead:
                break
            self._move(0.5)
        process.die()
        await self._bury()

    async def _bury(self) -> None:
        for process in self.processes:
            if process.dead:
                await process.buried()
        self.processes = self.living

    def news(self, names: Sequence[str]) -> None:
        """Notifies every process."""
        for process in self.living if names else ():
            process.heard |= dict.fromkeys(names)
            asyncio.get_running_loop().call_soon(process.hear)

    # --- people ------------------------------------------------------------------------------------------------------

    async def person(self, unit: MakeUnit, *args: Any) -> Any:
        """A unit of work from outside, such as a command's."""
        told: list[str] = []
        value = await InlineDatabase(self.disk, self.clock).write(lambda: listening(unit(*args), told))
        self.news(told)
        return value

    async def edit(self, host: str, **changes: Any) -> None:
        """Edits a target; every edit changes its URL too."""
        target = self.targets[host]
        if "retry_minutes" in changes:
            self.schedules.add(target.id)
        if changes.get("active") is False:
            self.was_off.add(target.id)
        await self._save(replace(target, **changes))

    async def remove(self, host: str) -> None:
        """Removes a target; another one takes its name."""
        target = self.targets[host]
        self.was_off.add(target.id)
        await self.person(_remove_targets, target.id)
        await self._save(replace(target, active=True, retry_minutes=None, retry_basis=None, concurrency=None))

    async def _save(self, target: Target) -> None:
        self.versions += 1
        wanted = replace(target, url=f"http://{target.name}/v{self.versions}?id=#ID#")
        await self.person(_save_target, wanted)
        directory: Directory = await InlineDatabase(self.disk, self.clock).read(load)
        [saved] = [one for one in directory.targets.values() if one.name == target.name]
        self.targets[target.name] = saved
        self.account_of[saved.id] = saved.account_id

    async def fail_for_days(self, host: str) -> None:
        """A target has failed for so long that one more failure pauses it."""
        now = self.clock.now()
        state = TargetState(self.targets[host].id, now - 6 * DAY, 50, 5, None, now - HOUR, "http_5xx")
        await self.person(_save_state, state)

    async def pause(self, host: str) -> None:
        now = self.clock.now()
        await self.person(target_states.save, [TargetState(self.targets[host].id, now, 9, 3, None, now, "http_5xx", now, "failing")])

    def paused(self) -> list[str]:
        ids = {row[0] for row in self.rows("SELECT target_id FROM target_states WHERE paused_at IS NOT NULL")}
        return [host for host, target in self.targets.items() if target.id in ids]

    async def resume(self, host: str, drop: bool) -> None:
        """Lets a paused target be called again. What was missed is cancelled, or spread."""
        if host not in self.paused():
            return
        target = self.targets[host].id
        missed = {row[0] for row in self.rows("SELECT delivery_id FROM owed WHERE target_id = ?", target)}
        if drop:
            self.dropped |= missed
            await self.person(drop_owed, target, await self.person(newest_delivery))
        else:
            self.put_off |= missed
            await self.person(put_off, target, Pace(self.clock.now(), 2.0))
        await self.person(target_states.resume, target)

    async def send_again(self, host: str, delivered: bool, rate: float) -> None:
        """What has ended of one target, with what was delivered or without."""
        ids = [key for key, target in self.target_of.items() if target == self.targets[host].id]
        ended = {row[0]: row[1:] for row in self.rows("SELECT id, earlier + slot + 1, ended_at FROM deliveries WHERE state <> 'pending'")}
        leapt = self.clock.now() - UNDER_WAY  # by a clock set forward this is no time in which a call ends
        ids = [key for key in ids if not (key in ended and self._is_under_way(key) and ended[key][1] < leapt)]
        done = await self.person(resend, ids, Pace(self.clock.now(), rate), delivered)
        self.tally["sent again"] += done.sent_again
        if done.sent_again:
            again = {row[0] for row in self.rows("SELECT id FROM deliveries WHERE state = 'pending' AND slot = 0")}
            self.of_old_rounds |= again & self.dropped
            self.sent_again_at |= dict.fromkeys(again & ended.keys(), self.clock.now())
            self.kept |= {(key, ended[key][0]) for key in again & ended.keys()}
            self.put_off -= again
            self.dropped -= again

    def _is_under_way(self, delivery: int) -> bool:
        """Whether the last call of it is not recorded yet."""
        last = next((made for made in reversed(self.calls) if made.delivery == delivery), None)
        return last is not None and not self.rows(
            "SELECT 1 FROM attempts WHERE delivery_id = ? AND number = ?", delivery, last.earlier + last.number
        )

    async def message(self, host: str, count: int, by: Process | None) -> None:
        """Messages come in; the process that took them offers their deliveries to its engine, the others are told."""
        target = self.targets[host]
        if not target.active:  # the inbox owes nothing to a target that is off
            return
        owed: list[Owed] = await self.person(_owe, target, count, self.clock.now())
        self.target_of |= {one.delivery_id: target.id for one in owed}
        self.tally["messages"] += count
        if by is not None and by.runs and by.awake.is_set():
            by.context.run(by.engine.offer, owed)

    # --- time --------------------------------------------------------------------------------------------------------

    async def quiet(self) -> None:
        """Until nothing moves any more but the clocks."""
        still = turns = 0
        while still < STILL:
            before = self.moves
            await turn()
            still, turns = still + 1 if before == self.moves else 0, turns + 1
            assert turns < TOO_MANY, "it spins"
        await self._bury()
        self.judge.forget_idle()

    async def advance(self, seconds: float) -> None:
        """Lets time pass, from one planned instant to the next."""
        end, steps = self.clock.monotonic() + seconds, 0
        while True:
            await self.quiet()
            clocks = [self.clock, *(process.clock for process in self.living if process.awake.is_set())]
            due = [step for clock in clocks if (step := clock.next_due()) is not None]
            left = end - self.clock.monotonic()
            if not due or min(due) > left:
                break
            steps = steps + 1 if min(due) < SHORTEST else 0
            assert steps < TOO_MANY, "it spins"
            self._move(max(min(due), SHORTEST))
        self._move(max(0.0, left))
        await self.quiet()

    def jump(self, seconds: float) -> None:
        """The wall clock is set forward."""
        self.jumped_until = self.clock.monotonic() + 20.0
        self.clock.set_wall(self.clock.now() + round(seconds * SECOND))
        for process in self.living:
            process.follow()

    def _move(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for process in self.living:
            process.follow()

    async def end(self) -> None:
        """Everybody is well again: what is owed comes to its end."""
        self.manners = {host: Manner(200 if number % 2 else 500) for number, host in enumerate(HOSTS)}
        for process in self.living:
            process.wake()
            process.unhang()
            process.fuse, process.deaf = None, False
            process.db.away, process.db.broken, process.db.lost_answers, process.db.refused = set(), set(), 0, 0
            process.hear()
        if not self.living:
            self.spawn()
        for host in self.paused():
            await self.resume(host, drop=False)
        for _ in range(60):
            await self.advance(10.0)
            for host in self.paused():
                await self.resume(host, drop=False)
            if not self.rows("SELECT 1 FROM owed"):
                break
        self.judge.at_rest()
        self.judge.all_recorded()
        left = self.rows("SELECT id, target_id, state, slot FROM deliveries WHERE state = 'pending'")
        assert not left, f"owed for ever: {left}"
        self.tally["calls"] += len(self.calls)
        self.tally["attempts recorded"] += (self.rows("SELECT count(*) FROM attempts"))[0][0]
        for process in self.living:
            await self.stop(process, 0.0)


def _save_accounts(accounts: Sequence[Account]) -> Generator[Request, Any, dict[str, int]]:
    ids: dict[str, int] = yield from save_accounts(accounts)
    return ids


def _save_target(target: Target) -> Generator[Request, Any, None]:
    yield from save_targets([target])
    yield from bump("targets")


def _remove_targets(target: int) -> Generator[Request, Any, None]:
    yield from remove_targets([target])
    yield from bump("targets")


def _save_state(state: TargetState) -> Generator[Request, Any, None]:
    yield from target_states.save([state])
    yield from bump("targets")


def _owe(target: Target, count: int, now: int) -> Generator[Request, Any, list[Owed]]:
    """As the inbox does: messages and what is owed of them in one transaction, and a word to whoever holds the target."""
    ids = yield from reserve("messages", count)
    made = [a_message(number=key, account=target.account_id, received_at=now) for key in ids]
    yield from messages.add(made)
    keys = yield from reserve("deliveries", count)
    owed = [Owed(key, target.id, target.account_id, message.id, now, message=message) for key, message in zip(keys, made, strict=True)]
    yield from deliveries.owe(owed)
    yield Notify(f"due:{target.id}")
    return owed


SCHEDULES: Final = {number: {"retry_minutes": times.minutes, "retry_basis": times.basis} for number, times in TIMES.items()}
