"""What the measuring proofs of forwarding count with: ratios, waits, a past made by SQL, times by a fixed clock."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from odzew.clock import HOUR, MINUTE, SECOND, FixedClock
from odzew.forward import backlog
from odzew.forward.schedule import Schedule
from odzew.store import deliveries
from odzew.store.db import Database, statement
from odzew.store.delivery_list import Wanted, page
from odzew.store.resend import Pace, Resent, resend_window
from proof import words
from proof.dead_target import Ended, count_of
from proof.fairness import ACCOUNTS, IN_TROUBLE, Clients
from proof.flow import answered, own_numbers
from proof.named import DOMAIN, HANGS, HERE, look_up
from proof.pairs import Pairs, interleaved
from proof.past import ATTEMPTS, Past, make
from proof.sink import Called, Sink
from proof.stand import opened, prepare

# --- pairs and waits ---------------------------------------------------------------------------------------------------


async def test_pairs_take_turns_and_the_median_of_their_ratios_counts() -> None:
    order: list[tuple[str, int]] = []
    figures = {"without": [1.0, 4.0, 2.0], "beside": [1.1, 4.0, 20.0]}

    async def measure(name: str, number: int) -> float:
        order.append((name, number))
        return figures[name][number]

    found = await interleaved(3, lambda number: measure("without", number), lambda number: measure("beside", number))
    assert order == [("without", 0), ("beside", 0), ("beside", 1), ("without", 1), ("without", 2), ("beside", 2)]
    assert found == Pairs([1.0, 4.0, 2.0], [1.1, 4.0, 20.0])
    assert found.ratio() == pytest.approx(1.1), "one pair that was disturbed does not count"


def test_the_first_good_answer_to_a_message_counts() -> None:
    def called(serial: int, at: float | None, failed: bool = False) -> Called:
        return Called(serial, 0.0, failed, at, b"id=7&text=serial%%20%d%%20of%%20the%%20flow" % serial)

    calls = [
        called(1, 3.0),
        called(1, 2.0),
        called(2, None),
        called(3, 1.0, failed=True),
        called(3, 9.0),
        Called(5, 0.0, False, 1.0, b"id=5"),
    ]
    assert answered(calls) == {1: 2.0, 3: 9.0}


# --- who is in trouble -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [True, False])
def test_three_of_a_hundred_targets_are_in_trouble(clock: FixedClock, trouble: bool) -> None:
    clients = Clients(Sink(clock, port=1001), Sink(clock, port=1002), Sink(clock, port=1003))
    found = tomllib.loads(clients.setup(trouble))
    url_of = {one["address"]: forward["url"] for one in found["number"] for forward in one.get("forward", ())}
    hosts = [url_of[address].split("/")[2] for address in own_numbers(ACCOUNTS)]
    assert len(hosts) == len(set(hosts)) == 100, "each has a name of its own"
    assert all(host.partition(":")[0].endswith(DOMAIN) for host in hosts)
    bad = {place: host for place, host in enumerate(hosts) if host.endswith((":1002", ":1003")) or host.startswith(HANGS)}
    assert set(bad) == (IN_TROUBLE if trouble else set())


def test_names_of_clients_are_this_machine() -> None:
    assert {found[4][0] for found in look_up(f"any{DOMAIN}", None)} == {HERE}
    assert {found[4][0] for found in look_up(HERE, 80)} == {HERE}


# --- a past made by SQL ------------------------------------------------------------------------------------------------


@pytest.fixture
async def targets(db: Database, database_url: str, tmp_path: Path) -> tuple[int, int]:
    await prepare(database_url, tmp_path, words.setup_text(2, "http://127.0.0.1:9", 3))
    rows = await db.read(statement, "SELECT id FROM targets ORDER BY id")
    assert len(rows) == 6
    return rows[0][0], rows[-1][0]


async def test_what_waits_is_found_by_the_engine_when_it_is_due(database_url: str, targets: tuple[int, int], clock: FixedClock) -> None:
    now, (first, last) = clock.now(), targets
    async with opened(database_url) as db:
        keys = await make(db, Past(600, targets, now + HOUR, MINUTE), now)
        found = await db.read(deliveries.waiting_targets)
        assert [row[0] for row in found] == list(range(first, last + 1))
        assert all(now + HOUR <= due < now + HOUR + MINUTE for _, _, due in found)
        assert await db.read(backlog.due_and_later, first, now, 1_000, frozenset()) == ([], found[0][2])
        owed, later = await db.read(backlog.due_and_later, first, now + HOUR + MINUTE, 1_000, frozenset())
    assert (len(owed), later) == (100, None), "evenly over the targets"
    assert {one.delivery_id for one in owed} <= set(keys)
    assert len({one.due_at // SECOND for one in owed}) > 30, "scattered"
    assert all(one.slot == 1 and one.message is not None and one.message.account_id == one.account_id for one in owed)


async def test_what_is_exhausted_can_be_sent_again(database_url: str, targets: tuple[int, int], clock: FixedClock) -> None:
    now, (first, _) = clock.now(), targets
    async with opened(database_url) as db:
        keys = await make(db, Past(40, (first, first + 1)), now)
        assert [row.id for row in (await db.read(page, Wanted("exhausted"), None, 100))[0]] == sorted(keys, reverse=True)
        assert len(await db.read(deliveries.attempts, keys[0])) == ATTEMPTS
        done, place = await db.write(resend_window, Wanted("exhausted", target_id=first), (0, 0), Pace(now, 100))
        assert (done, place) == (Resent(sent_again=20), None)
        (again,) = await db.read(statement, "SELECT earlier FROM deliveries WHERE id = ?", keys[0])
    assert tuple(again) == (ATTEMPTS,)


async def test_an_empty_past_is_none(database_url: str, targets: tuple[int, int], clock: FixedClock) -> None:
    async with opened(database_url) as db:
        assert list(await make(db, Past(0, targets, clock.now()), clock.now())) == []


# --- times by a fixed clock --------------------------------------------------------------------------------------------

KEY = 77
SCHEDULE = Schedule()
JITTER = SCHEDULE.jitter(KEY)
STARTS = [0, *(round(minutes * MINUTE) + JITTER for minutes in SCHEDULE.minutes)]
CASES = {
    "at its times": (STARTS, (), Ended(early=0, delayed=0, unmarked=0)),
    "the second a moment early": ([0, STARTS[1] - 1, *STARTS[2:]], (), Ended(early=1)),
    "late, and the next keeps its gap": ([*STARTS[:3], STARTS[3] + 2 * MINUTE, STARTS[4] + 2 * MINUTE], (4,), Ended(delayed=1)),
    "late, and the next does not": ([*STARTS[:3], STARTS[3] + 2 * MINUTE, STARTS[4]], (4,), Ended(early=1, delayed=1)),
    "late and not marked": ([*STARTS[:4], STARTS[4] + MINUTE + 1], (), Ended(delayed=1, unmarked=1)),
}


@pytest.mark.parametrize(("starts", "marked", "expected"), CASES.values(), ids=CASES.keys())
def test_attempts_are_judged_by_the_contract(starts: list[int], marked: tuple[int, ...], expected: Ended) -> None:
    found = Ended()
    count_of(KEY, [(number, at, number in marked) for number, at in enumerate(starts, 1)], SCHEDULE, 0, found)
    assert found.by_slot.total() == len(starts)
    assert (found.early, found.delayed, found.unmarked) == (expected.early, expected.delayed, expected.unmarked)
