"""What must hold in a simulation: of each call as it begins, of each commit within its transaction, and of all rows at rest.

A fault that is seen inside a process is noted and told later: there the engine itself would catch an exception.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from odzew.clock import SECOND
from odzew.forward.outcome import is_success
from odzew.forward.shards import SHARD, shard_of
from odzew.store.db import Request, Rows
from odzew.store.leases import Fence
from odzew.store.resend import DROPPED
from tests.forward.simulation_calls import LIMITS, LONGEST, TIMES, Made, count, earliest, version_of

if TYPE_CHECKING:
    from tests.forward.simulation import World
    from tests.forward.simulation_process import Process

FAILING: Final = 5
"""Failed attempts in a row that make a target a failing one."""
REPEATS: Final = LIMITS.calls // 2
FEW: Final = LIMITS.calls // 5

_DELIVERIES: Final = "SELECT id, target_id, state, slot, outcome, earlier, first_at FROM deliveries"
_ATTEMPTS: Final = "SELECT delivery_id, number, started_at, outcome FROM attempts ORDER BY delivery_id, number"


Key = tuple[str, int, int]


class Row(NamedTuple):
    """A delivery as it is stored."""

    id: int
    target: int
    state: str
    slot: int
    outcome: str
    earlier: int
    first_at: int | None


class Stored(NamedTuple):
    """Deliveries, and their attempts: (number, started at, outcome)."""

    deliveries: dict[int, Row]
    attempts: dict[int, list[tuple[int, int, str]]]


def stored(deliveries: Sequence[Sequence[Any]], attempts: Sequence[Sequence[Any]]) -> Stored:
    """The two tables as values."""
    made: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for key, *attempt in attempts:
        made[key].append((attempt[0], attempt[1], attempt[2]))
    return Stored({row[0]: Row(*row) for row in deliveries}, made)


class Judge:
    """`faults` are sentences. `streaks`: failed attempts in a row, by process, target and epoch, and since when there are five."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults: list[str] = []
        self.streaks: dict[Key, int] = defaultdict(int)
        self.failing_since: dict[Key, int] = {}
        self.failed_off: set[Made] = set()
        self.ended_at: dict[tuple[str, int], int] = {}

    def must(self, holds: object, fault: str, *about: object) -> None:
        """Notes a fault where something does not hold."""
        if not holds:
            self.faults.append(" ".join([fault, *map(str, about)]))

    # --- a call begins, and ends -------------------------------------------------------------------------------------

    def begins(self, process: Process, made: Made) -> None:
        """Judges a call that has just begun."""
        world = self.world
        made.earlier = next(trip.owed.earlier for trip in process.engine._trips._under_way if trip.owed.delivery_id == made.delivery)
        [(state, earlier)] = world.rows("SELECT state, earlier FROM deliveries WHERE id = ?", made.delivery)
        recorded = world.rows("SELECT number, started_at FROM attempts WHERE delivery_id = ? ORDER BY number", made.delivery)
        others = [one for one in process.line.in_flight if one is not made]
        self.must(not count(others, delivery=made.delivery), "in flight twice in one process:", made)
        for call in world.calls:
            again = (call.delivery, call.earlier, call.number) == (made.delivery, made.earlier, made.number)
            if again and call is not made and (call.process, call.epoch, call.cut) == (process.name, made.epoch, False):
                self.must(False, "called again though its process knew the outcome:", made)
        self._limits(process, made)
        if process.late_at == made.at:  # it was stalled, or its store was, between its decision and this call
            return
        if process.shards is not None:
            self._lease(process, made)
        self._not_early(made, [(row[0], row[1]) for row in recorded])
        if made.earlier < earlier:
            self.must(made.delivery in world.of_old_rounds, "called for a round that is over:", made)
            return
        self.must(state == "pending" or made.delivery in world.dropped, f"called though it is {state}:", made)
        of_round = [row[0] for row in recorded if row[0] > made.earlier]
        self.must(made.number == len(of_round) + 1, f"after {len(of_round)} recorded attempts:", made)
        owed = world.rows("SELECT due_at FROM owed WHERE delivery_id = ?", made.delivery)
        self.must(not owed or owed[0][0] <= made.at or made.delivery in world.put_off, f"due at {owed}:", made)
        self._settings(process, made)

    def _lease(self, process: Process, made: Made) -> None:
        world, now = self.world, process.clock.monotonic()
        assert process.shards is not None
        rows = world.rows("SELECT name, owner, epoch, expires_at FROM leases WHERE name = ?", f"{SHARD}{shard_of(made.target)}")
        held = {Fence(*row[:3]): row[3] for row in rows}
        mine = Fence(f"{SHARD}{shard_of(made.target)}", process.name, made.epoch)
        if not world.jumped:
            self._elsewhere(process, made, held)
            self.must(mine in held, f"called without its lease ({rows}):", made)
            self.must(held.get(mine, 0) >= made.at + LONGEST * SECOND, "called with less lease left than the call may take:", made)
        self.must(process.shards._until - now > LONGEST, "its process knew that there was too little left:", made)

    def _elsewhere(self, process: Process, made: Made, held: Collection[Fence]) -> None:
        """Whoever calls the same delivery has lost its lease by force: it was stalled, or had no store to renew it."""
        world, name = self.world, f"{SHARD}{shard_of(made.target)}"
        for other in world.living:
            for call in other.line.in_flight:
                if other is not process and call.delivery == made.delivery:
                    lease = Fence(name, other.name, call.epoch)
                    self.must(lease not in held, "in flight elsewhere under a lease that holds:", made, call)
                    self.must(world.clock.monotonic() < other.troubled_until, "in flight elsewhere, where nothing was wrong:", made, call)

    def _limits(self, process: Process, made: Made) -> None:
        flying, accounts = process.line.in_flight, self.world.account_of
        account = sum(accounts[one.target] == accounts[made.target] for one in flying)
        self.must(len(flying) <= LIMITS.calls, "too many calls:", made)
        self.must(account <= LIMITS.calls_per_account, "too many calls of one account:", made)
        target = process.present.directory.targets.get(made.target)
        own = LIMITS.calls_per_target if target is None else target.concurrency or LIMITS.calls_per_target
        if process.refreshed_at != made.at:
            self.must(count(flying, target=made.target) <= own, f"more than {own} calls to one target:", made)
        self.must(not made.is_repeat or count(flying, is_repeat=True) <= REPEATS, "too few slots for first attempts:", made)
        if self.failing_since.get((process.name, made.target, made.epoch), made.at) < made.at:
            self.failed_off.add(made)
            failing = sum(one in self.failed_off for one in flying)
            self.must(failing <= FEW, f"{failing} calls to failing targets:", made)

    def _not_early(self, made: Made, recorded: Sequence[tuple[int, int]]) -> None:
        if made.number == 1:
            return
        starts = dict(recorded)
        before = self.of_row(made.delivery, made.earlier + made.number - 1, starts.get(made.earlier + made.number - 1, 0))
        first_at = starts.get(made.earlier + 1)
        if before is None or first_at is None:
            self.must(False, "an attempt follows one that is not recorded:", made)
        elif before.number < before.of:
            due = earliest(before, first_at, before.at)[0]
            self.must(made.at >= due, f"{(due - made.at) / SECOND} s early:", made)
        else:
            self.must(False, "an attempt after the last one:", made)

    def _settings(self, process: Process, made: Made) -> None:
        moments = (process.refreshed_at, self.ended_at.get((process.name, made.target)))
        if made.at in moments:
            return
        target = process.present.directory.targets.get(made.target)
        known = target is not None and target.active and version_of(target.url) == made.version
        self.must(known and made.target not in process.health._paused, "by settings that are not the present ones:", made, target)

    def ended(self, process: Process, made: Made) -> None:
        """Judges nothing: counts how the target does."""
        key = (process.name, made.target, made.epoch)
        self.ended_at[process.name, made.target] = process.clock.now()
        assert made.outcome is not None
        if is_success(made.outcome):
            self.streaks.pop(key, None)
            self.failing_since.pop(key, None)
        else:
            self.streaks[key] += 1
            if self.streaks[key] >= FAILING:
                self.failing_since.setdefault(key, process.clock.now())

    def forget_idle(self) -> None:
        """A process remembers that a target fails for as long as it knows of something that it owes to it."""
        waiting = {row[0] for row in self.world.rows("SELECT DISTINCT target_id FROM deliveries WHERE state = 'pending' AND slot > 0")}
        known = {
            (process.name, target, process.epoch_of(target))
            for process in self.world.living
            for target in waiting
            if (process.shards is None or process.shards.holds(target)) and not process.health.is_paused(target)
            if (found := process.present.directory.targets.get(target)) is not None and found.active
        }
        self._forget([key for key in self.streaks if key not in known])

    def forget(self, process: Process) -> None:
        """What a process knows of its targets does not outlast a lease that came or went."""
        self._forget([key for key in self.streaks if key[0] == process.name])

    def _forget(self, keys: Sequence[Key]) -> None:
        for key in keys:
            del self.streaks[key]
            self.failing_since.pop(key, None)

    # --- a commit ----------------------------------------------------------------------------------------------------

    def rows(self) -> Generator[Request, Any, Stored]:
        """Deliveries and attempts, within a transaction."""
        deliveries = yield Rows(_DELIVERIES)
        return stored(deliveries, (yield Rows(_ATTEMPTS)))

    def audit(self, process: Process, before: Stored) -> Generator[Request, Any, None]:
        """Whoever changed rows holds the lease of their target, under the epoch of the call that the row is of."""
        after = yield from self.rows()
        leases = yield Rows("SELECT name, owner, epoch FROM leases")
        held = {Fence(*row) for row in leases}
        owners = {row[0]: row[1] for row in leases}
        for key, row in after.deliveries.items():
            new = [one for one in after.attempts[key] if one not in before.attempts[key]]
            name = f"{SHARD}{shard_of(row.target)}"
            for number, started_at, outcome in new:
                made = self.of_row(key, number, started_at, process.name)
                self.must(made is not None, f"attempt {number} of {key} is recorded without a call by {process.name}")
                if made is not None:
                    self.must(made.outcome == outcome, f"recorded as {outcome}:", made)
                    lease = Fence(name, process.name, made.epoch)
                    self.must(not self.world.shared or lease in held, f"an old epoch writes ({owners.get(name)}):", made)
            if self.world.shared and row != before.deliveries.get(key):
                self.must(owners.get(name) == process.name, f"{process.name} writes of {key}, which {owners.get(name)} holds")

    def of_row(self, delivery: int, number: int, started_at: int, process: str | None = None) -> Made | None:
        """The call that a recorded attempt is of."""
        for made in reversed(self.world.calls):
            if (made.delivery, made.earlier + made.number, made.at) == (delivery, number, started_at) and process in (None, made.process):
                return made
        return None

    # --- at rest -----------------------------------------------------------------------------------------------------

    def at_rest(self) -> None:
        """All rows. AssertionError with every fault that was seen since the beginning."""
        rows = self.world.rows
        now = stored(rows(_DELIVERIES), rows(_ATTEMPTS))
        owed = {row[0]: row[1] for row in rows("SELECT delivery_id, due_at FROM owed")}
        pending = {key for key, row in now.deliveries.items() if row.state == "pending"}
        self.must(owed.keys() == pending, "owed is not what is pending:", owed.keys() ^ pending)
        self.must(now.deliveries.keys() == self.world.target_of.keys(), "deliveries that were accepted and are not there")
        for key, row in now.deliveries.items():
            self._delivery(row, now.attempts[key], owed.get(key))
        for event in self.world.errors():
            self.must(False, "an error was logged:", event)
        assert not self.faults, "\n".join(self.faults)

    def all_recorded(self) -> None:
        """Whatever became of the delivery meanwhile. Where processes share, one may have lost its lease: nobody else can tell."""
        recorded = {tuple(row) for row in self.world.rows("SELECT delivery_id, number, started_at FROM attempts")}
        living = {process.name for process in self.world.living} if not self.world.shared else set()
        for made in self.world.calls:
            if made.outcome is not None and made.process in living:
                self.must((made.delivery, made.earlier + made.number, made.at) in recorded, "never recorded:", made)
        assert not self.faults, "\n".join(self.faults)

    def _delivery(self, row: Row, attempts: list[tuple[int, int, str]], due_at: int | None) -> None:
        key, of_round = row.id, [one for one in attempts if one[0] > row.earlier]
        if (
            row.outcome == DROPPED and len(of_round) > row.slot
        ):  # a call was under way when a person ended it: it is recorded, the end stays
            of_round, attempts = of_round[: row.slot], attempts[:-1]
        unused = set(range(1, row.earlier + 1)).difference(one[0] for one in attempts)
        self.must(all((key, number) in self.world.kept for number in unused), f"numbers of {row}:", attempts)
        self.must([one[0] for one in of_round] == [row.earlier + number + 1 for number in range(row.slot)], f"attempts of {row}:", attempts)
        self.must(not row.slot or (of_round and row.first_at == of_round[0][1]), f"first attempt of {row}:", attempts)
        since = self.world.sent_again_at.get(key, 0)
        self.must(all(one[1] >= since for one in of_round), f"calls from before it was sent again count in {row}:", attempts)
        last = of_round[-1] if of_round else None
        succeeded = last is not None and is_success(last[2])
        self.must((row.state == "delivered") == succeeded, f"state and last attempt of {row}:", attempts)
        made = None if last is None else self.of_row(key, last[0], last[1])
        if row.state == "exhausted":
            whole = made is not None and made.number == made.of
            fewer = min(TIMES) if self.world.was_edited(row.target) else max(TIMES)
            self.must(whole or (row.outcome == "no_more_attempts" and row.slot >= fewer), f"given up early: {row}", attempts)
        elif row.state == "cancelled":
            self.must(row.target in self.world.was_off or key in self.world.dropped, f"cancelled by nobody: {row}")
        elif made is not None and due_at is not None and row.first_at is not None and key not in self.world.put_off:
            if made.number == made.of:
                self.must(False, f"owed after its last attempt: {row}")
            else:
                least, most = earliest(made, row.first_at, made.at)
                self.must(least <= due_at <= most, f"due {due_at}, not {least} to {most}: {row}", attempts)
