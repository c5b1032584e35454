"""Watches how the targets of this process do: hears of every attempt, notes what changed, tells of what an owner should hear.

Nothing is written for a target that is well. What changed is written every few seconds, so a crash may forget the last failures:
they are counted late then, never wrongly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.forward.health import after, change_of
from odzew.forward.outcome import meaning_of
from odzew.model import Attempt, Owed
from odzew.store.db import Database
from odzew.store.deliveries import Result
from odzew.store.target_states import TargetState, save, states

FLUSHED: Final = 5.0  # seconds
REREAD: Final = 6  # flushes: what other processes noted, where there are any

log = structlog.get_logger("odzew.forward")

Tell = Callable[[str, int, int, str, int], None]
"""(kind, account, target, words, instant); the kind is `failing`, `paused`, `recovered` or `exhausted`."""

WORDS: Final = {
    "failing": "fails: {failures} attempts in a row, the last one: {outcome}",
    "paused": "is paused: it has failed for days ({failures} attempts). What is owed to it waits",
    "recovered": "answers again",
}


class TargetHealth:
    """`tell` hears of each change of a target's health and of each delivery that is exhausted."""

    def __init__(self, db: Database, clock: Clock, tell: Tell) -> None:
        self._db = db
        self._clock = clock
        self._tell = tell
        self._states: dict[int, TargetState] = {}  # of targets that are not simply well
        self._changed: set[int] = set()
        self._writing: set[int] = set()
        self._succeeded: dict[int, int] = {}
        self._paused: set[int] = set()

    def is_paused(self, target_id: int) -> bool:
        """Whether its deliveries wait until a person says otherwise."""
        return target_id in self._paused

    def attempted(self, owed: Owed, attempt: Attempt, result: Result) -> None:
        """Hears of an attempt. For one more success of a target that is well it costs next to nothing."""
        target = owed.target_id
        before = self._states.get(target)
        if result.state == "delivered" and before is None:
            self._succeeded[target] = attempt.started_at
            return
        known = before or TargetState(target, last_success_at=self._succeeded.get(target))
        now = after(known, attempt.outcome, attempt.started_at)
        self._keep(now)
        self._changed.add(target)
        if change := change_of(known, now):
            words = WORDS[change].format(failures=now.failures, outcome=meaning_of(attempt.outcome))
            self._tell(change, owed.account_id, target, words, attempt.started_at)
        if result.state == "exhausted":
            words = f"a delivery is exhausted, the last attempt: {meaning_of(attempt.outcome)}"
            self._tell("exhausted", owed.account_id, target, words, attempt.started_at)

    def ended(self, target_id: int, account_id: int, why: str, at: int) -> None:
        """Hears of a delivery that is exhausted without a further attempt, such as one that is cut short."""
        self._tell("exhausted", account_id, target_id, f"a delivery is exhausted without a further attempt: {why}", at)

    def _keep(self, state: TargetState) -> None:
        if state.paused_at is not None:
            self._paused.add(state.target_id)
        else:
            self._paused.discard(state.target_id)
        self._states[state.target_id] = state

    async def run(self) -> None:
        """Writes what changed until cancelled, and reads now and then what others wrote. A database that is away is asked again."""
        while True:
            for _ in range(REREAD):
                await self._clock.sleep(FLUSHED)
                await self.flush()
            if self._db.shared:
                await self.refresh()

    async def flush(self) -> None:
        """Writes what changed since the last time."""
        if not self._changed or self._writing:
            return
        wanted = {target: self._states[target] for target in self._changed}
        self._changed, self._writing = set(), self._changed
        try:
            await self._db.write(save, list(wanted.values()))
        except StoreError as error:
            log.warning("target_states_not_written", error=str(error))
            self._changed |= self._writing
            return
        finally:
            self._writing = set()
        for target, state in wanted.items():
            if not (state.failures or state.paused_at) and self._states.get(target) is state:
                del self._states[target]  # well again, and known to be

    async def refresh(self) -> bool:
        """Takes over what the database says: at the start, after a change of the targets, and when targets came from another process.

        False where the database is away.
        """
        try:
            found: dict[int, TargetState] = await self._db.read(states)
        except StoreError as error:
            log.warning("target_states_not_read", error=str(error))
            return False
        # What is not written yet is newer than what was read.
        mine = {target: self._states[target] for target in self._changed | self._writing}
        theirs = {target: state for target, state in found.items() if state.failures or state.paused_at is not None}
        self._states = theirs | mine
        self._paused = {target for target, state in self._states.items() if state.paused_at is not None}
        return True
