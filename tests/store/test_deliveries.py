"""Deliveries: owed, attempted, ended; and what the forwarding engine asks of what is owed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.model import Attempt, Owed, Target
from odzew.store import deliveries, targets
from odzew.store.db import Database, statement
from odzew.store.deliveries import Ending, Result
from tests import builders


@pytest.fixture
async def owing(db: Database) -> Database:
    """An account with three targets, of which the first is owed 1, 2 and 3 and the second 4."""
    await db.write(builders.an_account)
    await db.write(targets.save_targets, [Target(0, 1, "account", 1, "sms", name, "https://a.example/") for name in "abc"])
    await db.write(deliveries.owe, [owed(1, due=30), owed(2, due=10), owed(3, due=20), owed(4, target=2, due=5)])
    return db


def owed(key: int, target: int = 1, due: int = 0) -> Owed:
    return Owed(key, target, 1, 100 + key, due)


def an_attempt(delivery: int = 1, number: int = 1, **fields: Any) -> Attempt:
    values: dict[str, Any] = {"started_at": 1000, "took_us": 50, "outcome": "status"} | fields
    return Attempt(delivery, number, **values)


def a_result(attempt: Attempt, due_at: int | None, **fields: Any) -> Result:
    state = "exhausted" if due_at is None else "pending"
    values: dict[str, Any] = {"target_id": 1, "state": state, "first_at": 1000, "served_us": 7} | fields
    return Result(attempt, due_at=due_at, **values)


async def row_of(db: Database, key: int) -> tuple[Any, ...]:
    rows = await db.read(statement, "SELECT state, slot, first_at, ended_at, outcome, served_us FROM deliveries WHERE id = ?", key)
    return tuple(rows[0])


async def owed_now(db: Database) -> dict[int, int]:
    return dict(tuple(row) for row in await db.read(statement, "SELECT delivery_id, due_at FROM owed"))


# --- how attempts end ------------------------------------------------------------------------------------------------


async def test_what_is_owed_is_pending(owing: Database) -> None:
    assert await row_of(owing, 1) == ("pending", 0, None, None, "", 0)
    assert await owed_now(owing) == {1: 30, 2: 10, 3: 20, 4: 5}


async def test_a_failed_attempt_is_due_again(owing: Database) -> None:
    await owing.write(deliveries.record, [a_result(an_attempt(), due_at=2000)])
    assert await row_of(owing, 1) == ("pending", 1, 1000, None, "status", 7)
    assert (await owed_now(owing))[1] == 2000


@pytest.mark.parametrize("state", ["delivered", "exhausted", "cancelled"])
async def test_what_has_ended_is_owed_no_more(owing: Database, state: Any) -> None:
    await owing.write(deliveries.record, [a_result(an_attempt(number=5), due_at=None, state=state)])
    assert await row_of(owing, 1) == (state, 5, 1000, 1050, "status", 7)
    assert 1 not in await owed_now(owing)


@pytest.mark.parametrize(("state", "due"), [("delivered", None), ("exhausted", None), ("pending", 2000)])
async def test_an_outcome_of_an_earlier_round_is_an_attempt_and_nothing_else(owing: Database, state: Any, due: int | None) -> None:
    await owing.write(deliveries.end, [Ending(1, 1, "cancelled", "dropped", 40)])
    await owing.write(statement, "UPDATE deliveries SET state = 'pending', earlier = 3, ended_at = NULL, outcome = '' WHERE id = 1")
    await owing.write(statement, "INSERT INTO owed (delivery_id, target_id, due_at) VALUES (1, 1, 77)")
    await owing.write(deliveries.record, [a_result(an_attempt(number=3), due_at=due, state=state), a_result(an_attempt(2), None)])
    assert await row_of(owing, 1) == ("pending", 0, None, None, "", 0)
    assert await owed_now(owing) == {1: 77, 3: 20, 4: 5}, "the other one of the group has ended"
    assert [one.number for one in await owing.read(deliveries.attempts, 1)] == [3]
    await owing.write(deliveries.record, [a_result(an_attempt(number=1), due_at=due, state=state, earlier=3)])
    assert (await row_of(owing, 1))[:2] == (state, 1)
    assert (await owed_now(owing)).get(1) == due
    assert [one.number for one in await owing.read(deliveries.attempts, 1)] == [3, 4]


@pytest.mark.parametrize(("earlier", "state"), [(0, "pending"), (3, "exhausted"), (None, "exhausted")])
async def test_an_end_is_of_one_round_or_of_whichever_it_is(owing: Database, earlier: int | None, state: str) -> None:
    await owing.write(statement, "UPDATE deliveries SET earlier = 3 WHERE id = 1")
    await owing.write(deliveries.end, [Ending(1, 1, "exhausted", "cut_short", 1234, earlier)])
    assert (await row_of(owing, 1))[0] == state
    assert (1 in await owed_now(owing)) == (state == "pending")


async def test_many_end_at_once(owing: Database) -> None:
    results = [a_result(an_attempt(1), None), a_result(an_attempt(2), 99), a_result(an_attempt(3), None), a_result(an_attempt(4), 98)]
    await owing.write(deliveries.record, results)
    assert await owed_now(owing) == {2: 99, 4: 98}


async def test_the_same_outcome_twice_is_one_attempt(owing: Database) -> None:
    for _ in range(2):
        await owing.write(deliveries.record, [a_result(an_attempt(), due_at=2000)])
    assert len(await owing.read(deliveries.attempts, 1)) == 1
    assert (await owed_now(owing))[1] == 2000


async def test_what_was_ended_meanwhile_keeps_its_end_and_the_attempt_is_kept(owing: Database) -> None:
    await owing.write(deliveries.end, [Ending(1, 1, "cancelled", "switched off", 1234)])
    await owing.write(deliveries.record, [a_result(an_attempt(), due_at=2000)])
    assert await row_of(owing, 1) == ("cancelled", 0, None, 1234, "switched off", 0)
    assert 1 not in await owed_now(owing)
    assert [attempt.outcome for attempt in await owing.read(deliveries.attempts, 1)] == ["status"]


async def test_an_ending_does_not_change_another_end(owing: Database) -> None:
    await owing.write(deliveries.record, [a_result(an_attempt(), due_at=None, state="delivered")])
    await owing.write(deliveries.end, [Ending(1, 1, "cancelled", "switched off", 1234), Ending(2, 1, "exhausted", "cut short", 9)])
    assert (await row_of(owing, 1))[0] == "delivered"
    assert await row_of(owing, 2) == ("exhausted", 0, None, 9, "cut short", 0)


async def test_an_attempt_is_read_back_as_it_was(owing: Database) -> None:
    whole = an_attempt(
        2, 1, outcome="refused", url="https://a.example/?t=ł", address="192.0.2.1", status=500, body=b"\x00\xffno",
        detail="not OK", delayed=True, timings='{"connect": 1}',
    )  # fmt: skip
    bare = an_attempt(2, 2)
    await owing.write(deliveries.record, [a_result(bare, 3000), a_result(whole, 2000)])
    assert await owing.read(deliveries.attempts, 2) == [whole, bare]
    assert await owing.read(deliveries.attempts, 1) == []


# --- what is due -----------------------------------------------------------------------------------------------------


async def test_what_falls_due_for_a_target_in_order(owing: Database) -> None:
    due = await owing.read(deliveries.due_of_target, 1, 25, 10)
    assert due == [Owed(2, 1, 1, 102, 10), Owed(3, 1, 1, 103, 20)]
    assert [o.delivery_id for o in await owing.read(deliveries.due_of_target, 1, 99, 2)] == [2, 3]
    assert await owing.read(deliveries.due_of_target, 1, 9, 10) == []
    assert await owing.read(deliveries.due_of_target, 3, 99, 10) == []


async def test_what_is_due_again_says_how_far_it_is(owing: Database) -> None:
    await owing.write(deliveries.record, [a_result(an_attempt(2, 3), due_at=15)])
    (found,) = await owing.read(deliveries.due_of_target, 1, 15, 10)
    assert found == Owed(2, 1, 1, 102, 15, slot=3, first_at=1000, served_us=7)


async def test_when_a_target_is_due_next(owing: Database) -> None:
    assert [await owing.read(deliveries.next_due_of_target, 1, after) for after in (0, 10, 29, 30)] == [10, 20, 30, None]
    assert await owing.read(deliveries.next_due_of_target, 3, 0) is None


async def test_all_that_is_open_of_a_target(owing: Database) -> None:
    assert await owing.read(deliveries.open_of_target, 1, 0, 2) == [1, 2]
    assert await owing.read(deliveries.open_of_target, 1, 2, 2) == [3]


async def test_who_is_waited_for(owing: Database) -> None:
    assert [tuple(row) for row in await owing.read(deliveries.waiting_targets)] == [(1, 1, 10), (2, 1, 5)]
    await owing.write(deliveries.end, [Ending(4, 2, "cancelled", "gone", 9)])
    assert [tuple(row) for row in await owing.read(deliveries.waiting_targets)] == [(1, 1, 10)]


async def test_nobody_is_waited_for(db: Database) -> None:
    assert await db.read(deliveries.waiting_targets) == []


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50)), max_size=30))
async def test_who_is_waited_for_is_everybody_who_is_owed(owing: Database, rows: list[tuple[int, int]]) -> None:
    await owing.write(statement, "DELETE FROM owed")
    await owing.write(statement, "DELETE FROM deliveries")
    await owing.write(deliveries.owe, [owed(key, target, due) for key, (target, due) in enumerate(rows, 1)])
    expected = sorted((target, 1, min(due for other, due in rows if other == target)) for target in {target for target, _ in rows})
    assert [tuple(row) for row in await owing.read(deliveries.waiting_targets)] == expected
