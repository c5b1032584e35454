"""What a series of kills has lost and repeated: the database against what the network was told and what the client's URL saw."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any, NamedTuple

from odzew.clock import MINUTE
from odzew.forward.outcome import is_success
from odzew.store.db import Request, Rows
from proof.kills_client import Call
from proof.kills_lives import Life
from proof.network import Network


@dataclass(slots=True)
class Cycle:
    """One kill: of how many processes, calls in flight, those of them that were open, what came again because of it.

    `until_called`: seconds from the kill until every target was called again.
    """

    killed: int
    in_flight: int = 0
    open: int = 0
    again: int = 0
    until_called: float = 0.0


@dataclass
class Outcome:
    """What one series, or several, found."""

    cycles: list[Cycle] = field(default_factory=list)
    acknowledged: int = 0
    stored: int = 0
    gone: int = 0  # after a kill neither delivered nor owed
    missing: int = 0
    not_delivered: int = 0
    exhausted: int = 0
    stored_twice: int = 0
    may_be_twice: int = 0
    calls: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    too_late: int = 0
    again: int = 0
    unexplained: int = 0
    unsigned: int = 0
    other_ids: int = 0
    early: int = 0

    @property
    def in_flight(self) -> int:
        return sum(cycle.in_flight for cycle in self.cycles)

    def __add__(self, other: Outcome) -> Outcome:
        added = {one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self) if one.name != "faults"}
        return Outcome(**added, faults=Counter(self.faults) + Counter(other.faults))


class Left(NamedTuple):
    """What a dead server left: deliveries that are owed, and messages that are owed or delivered."""

    owed: frozenset[int]
    kept: frozenset[int]


class Stored(NamedTuple):
    """The whole database at the end: (message, text), (delivery, message, state), (delivery, number, started_at, took_us, outcome)."""

    messages: Sequence[Sequence[Any]]
    deliveries: Sequence[Sequence[Any]]
    attempts: Sequence[Sequence[Any]]


def left() -> Generator[Request, Any, Left]:
    """A unit: one statement, so one moment."""
    rows = yield Rows(
        "SELECT d.id, d.message_id, d.state, o.delivery_id IS NOT NULL FROM deliveries d LEFT JOIN owed o ON o.delivery_id = d.id"
    )
    owed = frozenset(row[0] for row in rows if row[3])
    return Left(owed, frozenset(row[1] for row in rows if (row[2] == "pending") == bool(row[3]) and row[2] in ("pending", "delivered")))


def stored() -> Generator[Request, Any, Stored]:
    """A unit: everything, when all is at rest."""
    messages = yield Rows("SELECT id, text FROM messages ORDER BY id")
    deliveries = yield Rows("SELECT id, message_id, state FROM deliveries ORDER BY id")
    attempts = yield Rows("SELECT delivery_id, number, started_at, took_us, outcome FROM attempts ORDER BY delivery_id, number")
    return Stored(messages, deliveries, attempts)


def judge(
    outcome: Outcome, found: Stored, network: Network, calls: Sequence[Call], lives: Sequence[Life], retry: Sequence[float]
) -> Outcome:
    """Completes an outcome that holds the cycles and what was gone after a kill. `retry`: minutes from each attempt to the next."""
    serials = {key: int(text.split()[1]) for key, text in found.messages}
    delivered = {row[1] for row in found.deliveries if row[2] == "delivered"}
    outcome.acknowledged, outcome.stored, outcome.calls = len(network.acknowledged), len(serials), len(calls)
    outcome.missing = sum(1 for serial, key in network.acknowledged.items() if serials.get(key) != serial)
    outcome.stored_twice, outcome.may_be_twice = len(serials) - len(set(serials.values())), network.repeated_without_id
    outcome.exhausted = sum(1 for row in found.deliveries if row[2] not in ("delivered", "pending"))
    outcome.faults = Counter(call.fault for call in calls if call.fault)
    ids = {(row[1], b"msg_%d" % row[0]) for row in found.deliveries}
    outcome.other_ids = len({(call.message_id, call.webhook_id) for call in calls} - ids)
    outcome.early = early(found.attempts, retry)
    failed = {(row[0], row[1]): (row[2], row[2] + row[3]) for row in found.attempts if not is_success(row[4])}
    received = [call for call in calls if call.received and not _is_failed(call, failed)]
    outcome.too_late = sum(1 for call in calls if call.received) - len(received)
    outcome.not_delivered = len(serials.keys() - (delivered & {call.message_id for call in received}))
    _repeats(outcome, received, lives)
    outcome.unsigned += sum(1 for call in calls if not call.received and _caller(call, lives) is None)
    return outcome


def _is_failed(call: Call, failed: Mapping[tuple[int, int], tuple[int, int]]) -> bool:
    """Whether this very call (not one with the same number, before a kill) is stored as a failure. `failed`: from when to when."""
    begun, ended = failed.get((call.delivery_id, call.number), (0, 0))
    return begun <= call.at <= ended


def early(attempts: Sequence[Sequence[Any]], retry: Sequence[float]) -> int:
    """How many attempts began sooner after the one before than the schedule says."""
    count = 0
    for before, after in pairwise(attempts):
        if before[0] == after[0] and after[1] == before[1] + 1:
            count += after[2] - before[2] < round(retry[before[1] - 1] * MINUTE)
    return count


def _repeats(outcome: Outcome, received: Sequence[Call], lives: Sequence[Life]) -> None:
    """Lays what came again to the kill that it came of: its call was in flight then."""
    by_delivery: Mapping[int, list[Call]] = defaultdict(list)
    callers = {id(call): _caller(call, lives) for call in received}
    for call in received:
        by_delivery[call.delivery_id].append(call)
        life = callers[id(call)]
        if life is None:
            outcome.unsigned += 1
        elif life.killed is not None and call.delivery_id in life.left:
            cycle = outcome.cycles[life.cycle]
            cycle.in_flight += 1
            cycle.open += call.answered is None or call.answered > life.killed
    for several in by_delivery.values():
        for call in several[:-1]:
            life = callers[id(call)]
            outcome.again += 1
            if life is not None and life.killed is not None and call.delivery_id in life.left:
                outcome.cycles[life.cycle].again += 1
            else:
                outcome.unexplained += 1


def _caller(call: Call, lives: Sequence[Life]) -> Life | None:
    """The process that made a call, nearly always the last that began before it or one of those beside it."""
    return next((life for life in reversed(lives) if life.began <= call.begun and call.is_by(life.key)), None)
