"""Deliveries sent again: a new round with the same id, what is left alone, windows, and the pace."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import SECOND, FixedClock
from odzew.model import Owed
from odzew.store import deliveries
from odzew.store.changes import counters
from odzew.store.db import Database, statement
from odzew.store.deliveries import Ending
from odzew.store.delivery_list import Wanted
from odzew.store.resend import AT_ONCE, Pace, Resent, drop_owed, newest_delivery, of_message, put_off, resend, resend_window
from odzew.store.target_states import TargetState, save
from odzew.store.targets import remove_targets
from tests.store.owing import BEGUN, CRM, OTHER, SHOP, an_owing_database, attempt, cancel, ended, owe, owed_now, row_of
from tests.store.questions import plan

NOW = Pace(0, 100)


@pytest.fixture
async def owing(db: Database) -> Database:
    await an_owing_database(db)
    return db


async def test_it_is_owed_again_from_the_beginning_and_its_attempts_stay(owing: Database, clock: FixedClock) -> None:
    await owe(owing, [1])
    for number in (1, 2, 3):
        await attempt(owing, 1, number, "pending" if number < 3 else "exhausted")
    assert await owing.write(resend, [1], NOW) == Resent(sent_again=1)
    assert await row_of(owing, 1) == ("pending", 0, 3, None, None, "", 0)
    assert await owed_now(owing) == {1: clock.now()}
    assert [one.number for one in await owing.read(deliveries.attempts, 1)] == [1, 2, 3]
    assert await owing.read(deliveries.due_of_target, CRM, clock.now(), 10) == [Owed(1, CRM, 1, 1001, clock.now(), earlier=3)]


async def test_the_attempts_of_the_new_round_are_numbered_on(owing: Database) -> None:
    await ended(owing, [1])
    await owing.write(resend, [1], NOW)
    await attempt(owing, 1, 2, "pending", earlier=1)
    assert (await row_of(owing, 1))[:3] == ("pending", 1, 1)
    await attempt(owing, 1, 3, "delivered", earlier=1)
    assert (await row_of(owing, 1))[:3] == ("delivered", 2, 1)
    assert [one.number for one in await owing.read(deliveries.attempts, 1)] == [1, 2, 3]
    await owing.write(resend, [1], NOW, True)
    assert (await row_of(owing, 1))[:3] == ("pending", 0, 3)


# how it ended, how many attempts were made before, seconds until it is sent again: attempts of earlier rounds, as the new one counts them
ROUNDS: tuple[tuple[str, int, int, int], ...] = (
    ("switched off", 0, 1, 0),
    ("switched off", 2, 1, 2),
    ("dropped", 0, 1, 1),  # a call of it may be under way
    ("dropped", 2, 1, 3),
    ("dropped", 2, 299, 3),
    ("dropped", 0, 301, 0),  # and now no more
    ("dropped", 2, 301, 2),
    ("cut short", 0, 1, 1),
    ("cut short", 2, 1, 2),
)


@pytest.mark.parametrize(("how", "made", "seconds", "earlier"), ROUNDS)
async def test_each_round_is_known_by_the_attempts_before_it(
    owing: Database, clock: FixedClock, how: str, made: int, seconds: int, earlier: int
) -> None:
    await owe(owing, [1])
    for number in range(1, made + 1):
        await attempt(owing, 1, number, "pending")
    if how == "dropped":
        await owing.write(drop_owed, CRM, 1)
    elif how == "cut short":
        await owing.write(deliveries.end, [Ending(1, CRM, "exhausted", "cut_short", clock.now(), 0)])
    else:
        await cancel(owing, 1)
    clock.advance(seconds)
    await owing.write(resend, [1], NOW)
    assert await row_of(owing, 1) == ("pending", 0, earlier, None, None, "", 0)


async def test_a_number_that_was_kept_and_not_used_is_not_given_away(owing: Database) -> None:
    await owe(owing, [1])
    for earlier in (1, 2):
        await owing.write(drop_owed, CRM, 1)
        await owing.write(resend, [1], NOW)
        assert (await row_of(owing, 1))[:3] == ("pending", 0, earlier)
    await cancel(owing, 1)
    await owing.write(resend, [1], NOW)
    assert (await row_of(owing, 1))[:3] == ("pending", 0, 2)
    await attempt(owing, 1, 1, "delivered")
    assert (await row_of(owing, 1))[:3] == ("pending", 0, 2), "the first round's call ends"
    assert [one.number for one in await owing.read(deliveries.attempts, 1)] == [1]


async def test_an_attempt_that_was_told_after_the_end_is_counted_too(owing: Database) -> None:
    await owe(owing, [1])
    await cancel(owing, 1)
    await attempt(owing, 1, 1, "exhausted")  # a call was under way when it was cancelled
    assert (await row_of(owing, 1))[:3] == ("cancelled", 0, 0)
    await owing.write(resend, [1], NOW)
    assert (await row_of(owing, 1))[:3] == ("pending", 0, 1)


async def test_what_is_left_alone(owing: Database) -> None:
    await ended(owing, [1], "delivered")
    await owe(owing, [2, 3])
    await attempt(owing, 3, 1, "pending")
    await ended(owing, [4])
    await owe(owing, [5])
    await cancel(owing, 5)
    before = {key: await row_of(owing, key) for key in (1, 2, 3)}
    done = await owing.write(resend, [1, 2, 3, 4, 5, 5, 99], NOW)
    assert done == Resent(sent_again=2, delivered=1, still_owed=2, unknown=1)
    assert {key: await row_of(owing, key) for key in (1, 2, 3)} == before
    assert sorted(await owed_now(owing)) == [2, 3, 4, 5]


async def test_twice_is_once(owing: Database) -> None:
    await ended(owing, [1])
    first, second = await asyncio.gather(owing.write(resend, [1], NOW), owing.write(resend, [1], NOW))
    assert sorted((first.sent_again, second.sent_again)) == [0, 1]
    assert sorted((first.still_owed, second.still_owed)) == [0, 1]
    assert list(await owed_now(owing)) == [1]


@pytest.mark.parametrize("how", ["off", "removed", "gone"])
async def test_nothing_is_owed_to_a_target_that_is_off(how: str, owing: Database) -> None:
    await ended(owing, [1])
    await ended(owing, [2], target=SHOP)
    if how == "off":
        await owing.write(statement, "UPDATE targets SET active = 0 WHERE id = ?", CRM)
    elif how == "removed":
        await owing.write(remove_targets, [CRM])
    else:
        await owing.write(statement, "DELETE FROM targets WHERE id = ?", CRM)
    assert await owing.write(resend, [1, 2], NOW) == Resent(sent_again=1, target_off=1)
    assert (await row_of(owing, 1))[0] == "exhausted"
    assert list(await owed_now(owing)) == [2]


async def test_a_paused_target_is_owed_and_told(owing: Database) -> None:
    await ended(owing, [1])
    await owing.write(save, [TargetState(CRM, 1, 50, 6, None, 2, "dns", 3, "failing")])
    assert await owing.write(resend, [1], NOW) == Resent(sent_again=1, paused=1)


async def test_a_trial_changes_nothing(owing: Database) -> None:
    await ended(owing, [1, 2])
    assert await owing.read(resend, [1, 2], NOW, False, True) == Resent(sent_again=2)
    assert await owed_now(owing) == {}
    done, place = await owing.read(resend_window, Wanted("exhausted"), (0, 0), NOW, True)
    assert (done, place, await owed_now(owing)) == (Resent(sent_again=2), None, {})


async def test_processes_hear_that_something_is_due_and_only_then(owing: Database) -> None:
    await ended(owing, [1])
    before = await owing.read(counters)
    await owing.write(resend, [99], NOW)
    assert await owing.read(counters) == before
    await owing.write(resend, [1], NOW)
    assert (await owing.read(counters))["due"] == before["due"] + 1


# --- the pace --------------------------------------------------------------------------------------------------------


async def test_they_fall_due_one_after_the_other(owing: Database, clock: FixedClock) -> None:
    await ended(owing, [1, 2, 3])
    await owing.write(resend, [3, 1, 2], Pace(clock.now(), 2, sent=4))
    assert await owed_now(owing) == {key: clock.now() + (4 + place) * SECOND // 2 for place, key in enumerate((1, 2, 3))}


@given(st.integers(0, 10**9), st.floats(0.01, 10_000), st.integers(0, 10**5), st.integers(0, 10**9))
def test_never_early_and_never_faster(begun: int, rate: float, sent: int, now: int) -> None:
    due = [Pace(begun, rate, sent).due(number, now) for number in range(20)]
    assert due == sorted(due)
    assert due[0] >= now
    assert all(instant >= begun + (sent + number) * SECOND / rate - 1 for number, instant in enumerate(due))


# --- by filter -------------------------------------------------------------------------------------------------------

FILTERS: tuple[tuple[dict[str, Any], list[int]], ...] = (
    ({"state": "exhausted"}, [1, 2, 3, 4, 5]),
    ({"state": "exhausted", "target_id": CRM}, [1, 2, 3]),
    ({"state": "exhausted", "account_id": 1}, [1, 2, 3, 4]),
    ({"state": "exhausted", "account_id": 2}, [5]),
    ({"state": "exhausted", "since": BEGUN + SECOND}, [2, 3]),
    ({"state": "exhausted", "target_id": CRM, "until": BEGUN + SECOND}, [1]),
    ({"state": "cancelled"}, [6]),
    ({"state": "delivered"}, [7, 8]),
    ({"state": "delivered", "since": BEGUN + SECOND}, [8]),
    ({"state": "delivered", "account_id": 2}, []),
)


@pytest.mark.parametrize(("fields", "found"), FILTERS, ids=[str(row[0]) for row in FILTERS])
async def test_filters(fields: dict[str, Any], found: list[int], owing: Database) -> None:
    await ended(owing, [1, 2, 3])
    await ended(owing, [4], target=SHOP)
    await ended(owing, [5], target=OTHER)
    await owe(owing, [6])
    await cancel(owing, 6)
    await ended(owing, [7, 8], "delivered")
    place: tuple[int, int] | None = (0, 0)
    while place is not None:
        _, place = await owing.write(resend_window, Wanted(**fields), place, NOW)
    assert sorted(await owed_now(owing)) == found


async def test_windows_cover_everything_once_although_some_end_together(owing: Database) -> None:
    count = 2 * AT_ONCE + 7
    await owe(owing, list(range(1, count + 1)))
    await owing.write(statement, "UPDATE deliveries SET state = 'exhausted', ended_at = 5")
    await owing.write(statement, "DELETE FROM owed")
    await owing.write(statement, "UPDATE targets SET active = 0 WHERE id = ?", SHOP)
    await ended(owing, [count + 1], target=SHOP)
    done, windows = Resent(), 0
    place: tuple[int, int] | None = (0, 0)
    while place is not None:
        part, place = await owing.write(resend_window, Wanted("exhausted"), place, Pace(0, 100, done.sent_again))
        done.add(part)
        windows += 1
        assert part.sent_again <= AT_ONCE
    assert (done, windows) == (Resent(sent_again=count, target_off=1), 3)
    assert len(await owed_now(owing)) == count


@pytest.mark.parametrize(
    ("fields", "index"),
    [
        ({"state": "exhausted"}, "deliveries_ended"),
        ({"state": "exhausted", "account_id": 1}, "deliveries_ended_account"),
        ({"state": "exhausted", "target_id": 1}, "deliveries_ended_target"),
    ],
)
async def test_a_window_is_found_by_its_index(fields: dict[str, Any], index: str, owing: Database) -> None:
    lines = " ".join(await plan(owing, resend_window, Wanted(**fields), (0, 0), NOW))
    assert f"{index} " in lines.replace("(", " ") + " "
    assert "TEMP B-TREE" not in lines


async def test_the_deliveries_of_a_message(owing: Database) -> None:
    await owe(owing, [1, 2])
    assert await owing.read(of_message, 1002) == [2]
    assert await owing.read(of_message, 1) == []


# --- what is dropped -------------------------------------------------------------------------------------------------


async def test_what_fell_due_in_a_pause_is_put_off(owing: Database, clock: FixedClock) -> None:
    now = clock.now()
    await owe(owing, [1], due=now - 9)
    await owe(owing, [2], due=now - 10)
    await owe(owing, [3], due=now)
    await owe(owing, [4], SHOP, due=now - 9)
    assert await owing.write(put_off, CRM, Pace(now, 1)) == 2
    assert await owing.write(put_off, CRM, Pace(now, 1)) == 0
    assert await owed_now(owing) == {2: now, 1: now + SECOND, 3: now, 4: now - 9}


async def test_what_is_owed_to_a_target_is_dropped_up_to_an_id(owing: Database, clock: FixedClock) -> None:
    assert await owing.read(newest_delivery) == 0
    await owe(owing, [1, 2, 4])
    await owe(owing, [3], SHOP)
    assert await owing.read(newest_delivery) == 4
    assert await owing.write(drop_owed, CRM, 2) == 2
    assert await owing.write(drop_owed, CRM, 2) == 0
    assert sorted(await owed_now(owing)) == [3, 4]
    assert await row_of(owing, 1) == ("cancelled", 0, 0, None, clock.now(), "dropped", 0)
