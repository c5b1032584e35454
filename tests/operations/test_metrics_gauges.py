"""How things stand: what the look at the database finds, and what is known in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from odzew.clock import HOUR, SECOND, FixedClock
from odzew.model import Account, Owed, Source, Target
from odzew.operations.gauges import COUNTED, FRESH, Forwarding, Known, Waiting
from odzew.store import deliveries
from odzew.store.db import Database, Many, Request, Rows
from odzew.store.directory import Directory
from odzew.store.people import save_accounts
from odzew.store.sessions import Progress
from odzew.store.tallies import Tally
from odzew.store.targets import save_targets
from tests.operations.metrics_house import House


def a_directory() -> Directory:
    found = Directory()
    for key, active in ((1, True), (2, True), (3, False)):
        found.targets[key] = Target(key, 1, "account", 1, "sms", f"t{key}", "http://client.example/", active)
    for key, name in ((7, "net"), (8, "push")):
        found.sources[name] = found.sources_by_id[key] = Source(key, name, "smpp")
    return found


@pytest.fixture
async def house(db: Database, clock: FixedClock) -> House:
    directory = a_directory()
    await db.write(_set_up, list(directory.targets.values()))
    return House(db, clock, lambda: directory)


def _set_up(targets: Sequence[Target]) -> Generator[Request, Any, None]:
    yield from save_accounts([Account(0, "acme")])
    yield from save_targets(targets)


async def owe(house: House, *owed: tuple[int, float]) -> None:
    """(target, due after so many seconds)"""
    now = house.clock.now()
    known = [Owed(key, target, 1, key, now + round(due * SECOND)) for key, (target, due) in enumerate(owed, 1)]
    await house.db.write(deliveries.owe, known)


OLDEST: tuple[tuple[tuple[tuple[int, float], ...], float, int], ...] = (
    ((), 0, 0),
    (((1, 0.0),), 0, 1),
    (((1, 300.0),), 0, 1),  # a repeat that is not due yet
    (((1, -2.5), (1, -90.0), (2, 30.0)), 90, 2),
    (((1, -2.5), (3, -9000.0)), 2.5, 2),  # what is owed to a target that is off is nobody's delay
    (((9, -9000.0),), 0, 0),  # nor to one that is gone
)


@pytest.mark.parametrize(("owed", "oldest", "targets"), OLDEST)
async def test_the_oldest_that_is_owed(house: House, owed: tuple[tuple[int, float], ...], oldest: float, targets: int) -> None:
    await owe(house, *owed)
    await house.get()
    assert (house.value("odzew_oldest_owed_seconds"), house.value("odzew_targets_owed")) == (oldest, targets)


async def test_a_target_that_is_not_served_now_is_no_delay(house: House) -> None:
    await owe(house, (1, -90.0), (2, -5.0))
    house.gauges.known = Known(is_served=lambda target: target != 1)
    await house.get()
    assert house.value("odzew_oldest_owed_seconds") == 5


async def test_one_look_serves_for_a_while(house: House) -> None:
    await house.get()
    await owe(house, (1, -5.0))
    await house.get()
    assert house.value("odzew_targets_owed") == 0
    house.clock.advance(FRESH)
    await house.get()
    assert (house.value("odzew_targets_owed"), house.value("odzew_oldest_owed_seconds")) == (1, 5 + FRESH)


def sets(rows: Sequence[tuple[Any, ...]]) -> Generator[Request, Any, None]:
    yield Many(
        """INSERT INTO part_sets (id, key, source_id, sender, recipient, total, state, moved_at, due_at)
           VALUES (?, 'k', 1, 's', 'r', 2, ?, 0, ?)""",
        rows,
    )


async def test_long_messages_that_wait(house: House) -> None:
    now = house.clock.now()
    await house.db.write(sets, [(1, "open", now + HOUR), (2, "open", now - 7 * SECOND), (3, "whole", now - HOUR), (4, "incomplete", 0)])
    await house.get()
    assert (house.value("odzew_part_sets"), house.value("odzew_part_sets_overdue_seconds")) == (2, 7)


async def test_many_are_not_counted_to_the_last(house: House) -> None:
    await house.db.write(sets, [(key, "open", house.clock.now() + key) for key in range(1, COUNTED + 50)])
    await house.get()
    assert (house.value("odzew_part_sets"), house.value("odzew_part_sets_overdue_seconds")) == (COUNTED, 0)


PLANS = (
    ("SELECT count(*) FROM (SELECT due_at FROM part_sets WHERE state = 'open' ORDER BY due_at LIMIT 9) AS f", "part_sets_open"),
    ("SELECT min(o.due_at) FROM owed o WHERE o.target_id = 1", "owed_target"),
)


def rows_of_plan(engine: str, sql: str) -> Generator[Request, Any, Sequence[Any]]:
    """What the database does for a query. PostgreSQL would rather read an empty table whole."""
    if engine == "postgres":
        yield Rows("SET LOCAL enable_seqscan = off")
    rows: Sequence[Any] = yield Rows(f"EXPLAIN {'QUERY PLAN ' if engine == 'sqlite' else ''}{sql}")
    return rows


@pytest.mark.parametrize(("sql", "index"), PLANS)
async def test_the_look_leans_on_narrow_indexes(house: House, sql: str, index: str) -> None:
    assert index in str([tuple(row) for row in await house.db.write(rows_of_plan, house.db.engine, sql)])


# --- what is known in memory -----------------------------------------------------------------------------------------


@dataclass
class Bind:
    source: str
    slot: int
    phase: str = "bound"
    progress: Progress | None = None
    refused: Counter[str] = field(default_factory=Counter)


async def test_sources(house: House) -> None:
    now = house.clock.now()
    binds = [
        Bind("net", 0, "bound", Progress(last_message_at=now - 3 * SECOND, last_link_at=now - SECOND), Counter({"ESME_RMSGQFUL": 4})),
        Bind("net", 1, "waiting", Progress(last_message_at=now + SECOND)),
        Bind("net", 2, "elsewhere"),
        Bind("other", 0, "stopped"),
    ]
    tallies = [Tally(8, "here", 0, last_message_at=now - 60 * SECOND), Tally(99, "here", 0, last_message_at=now)]
    refusals = {(8, "401"): 2, (8, "503"): 1, (99, "401"): 5}
    house.gauges.known = Known(binds=lambda: binds, tallies=lambda: tallies, refusals=lambda: refusals)
    assert house.values("odzew_source_bound") == {("0", "net"): 1, ("1", "net"): 0, ("2", "net"): 0, ("0", "other"): 0}
    assert set(house.values("odzew_source_phase")) == {
        ("bound", "0", "net"), ("waiting", "1", "net"), ("elsewhere", "2", "net"), ("stopped", "0", "other"),
    }  # fmt: skip
    assert house.values("odzew_source_quiet_seconds") == {("0", "net"): 3, ("1", "net"): 0, ("", "push"): 60}
    assert house.values("odzew_source_link_quiet_seconds") == {("0", "net"): 1}
    assert house.values("odzew_refused_total") == {("ESME_RMSGQFUL", "0", "net"): 4, ("401", "", "push"): 2, ("503", "", "push"): 1}
    assert house.values("odzew_leases_held") == {("bind",): 2}


async def test_forwarding_inbox_and_leases(house: House) -> None:
    house.gauges.known = Known(
        forwarding=lambda: Forwarding(runs=True, in_flight=3, held=12, unwritten=5),
        inbox=lambda: Waiting(arrivals=7, octets=900),
        leases=lambda: {"shard": 64},
    )
    names = ("forwarding", "calls_in_flight", "deliveries_held", "outcomes_waiting", "inbox_arrivals", "inbox_bytes", "store_writing")
    assert [house.value(f"odzew_{name}") for name in names] == [1, 3, 12, 5, 7, 900, 0]
    assert house.values("odzew_leases_held") == {("shard",): 64, ("bind",): 0}


async def test_a_process_that_does_nothing_yet(house: House) -> None:
    await house.get()
    assert (house.value("odzew_forwarding"), house.values("odzew_source_bound")) == (0, {})
    assert house.values("odzew_build_info").popitem()[0][:1] == (house.db.engine,)
