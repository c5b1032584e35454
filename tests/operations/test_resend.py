"""What an order to send again may say, and how it is carried out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import SECOND, FixedClock
from odzew.errors import NotOurs, OdzewError, SettingError
from odzew.model import Account, Target
from odzew.operations.resend import MOST_IDS, Order, find_target, read_order, read_wanted, send_again
from odzew.store.db import Database, MakeUnit, statement
from odzew.store.delivery_list import Wanted
from odzew.store.directory import Directory
from odzew.store.resend import AT_ONCE, Resent
from odzew.wire.localtime import parse_rfc3339
from tests.store.owing import CRM, OTHER, an_owing_database, attempt, ended, owe, owed_now


def directory() -> Directory:
    rows = [(1, 1, "crm", "sms"), (2, 1, "shop", "sms"), (3, 2, "crm", "sms"), (4, 1, "twin", "sms"), (5, 1, "twin", "mms")]
    targets = {key: Target(key, owner, "account", owner, kind, name, "https://x.example/") for key, owner, name, kind in rows}  # type: ignore[arg-type]  # the kinds are right
    return Directory(accounts={1: Account(1, "acme"), 2: Account(2, "other")}, targets=targets)


NOON = parse_rfc3339("2026-11-23T12:00:00Z")

GOOD: tuple[tuple[dict[str, Any], Order], ...] = (
    ({"deliveries": [7, 8, 7]}, Order((7, 8))),
    ({"deliveries": 7, "again": True, "rate": 5}, Order((7,), rate=5.0, delivered=True)),
    ({"message": 12, "dry_run": True}, Order(message=12, dry_run=True)),
    ({"state": "exhausted"}, Order(wanted=Wanted("exhausted"))),
    ({"account": "acme"}, Order(wanted=Wanted("exhausted", 1))),
    ({"account": "acme", "target": "crm"}, Order(wanted=Wanted("exhausted", 1, 1))),
    ({"target": "other crm"}, Order(wanted=Wanted("exhausted", None, 3))),
    ({"target": "3", "state": "cancelled"}, Order(wanted=Wanted("cancelled", None, 3))),
    ({"target": 77}, Order(wanted=Wanted("exhausted", None, 77))),
    ({"from": "2026-11-23T13:00:00+01:00"}, Order(wanted=Wanted("exhausted", since=NOON))),
    ({"to": "2026-11-24"}, Order(wanted=Wanted("exhausted", until=parse_rfc3339("2026-11-24T00:00:00Z")))),
    ({"state": "delivered", "again": True}, Order(wanted=Wanted("delivered"), delivered=True)),
    ({"deliveries": [7], "account": None, "again": False}, Order((7,))),
)


@pytest.mark.parametrize(("values", "order"), GOOD)
def test_orders(values: dict[str, Any], order: Order) -> None:
    assert read_order(values, directory()) == order


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "say what to send again"),
    ({"rate": 5}, "say what to send again"),
    ({"deliveries": []}, "say what to send again"),
    ({"deliveries": [7], "message": 1}, "say what to send again"),
    ({"deliveries": [7], "account": "acme"}, "say what to send again"),
    ({"message": 7, "state": "exhausted"}, "say what to send again"),
    ({"deliveries": ["7"]}, "deliveries: an id is"),
    ({"deliveries": [0]}, "deliveries: an id is"),
    ({"deliveries": [1 << 62]}, "deliveries: an id is"),
    ({"deliveries": list(range(1, MOST_IDS + 2))}, "at most 10000"),
    ({"message": True}, "message: an id is"),
    ({"message": 1.5}, "message: an id is"),
    ({"message": 1, "rate": 0}, "rate is a number"),
    ({"message": 1, "rate": 1e9}, "rate is a number"),
    ({"message": 1, "rate": float("nan")}, "rate is a number"),
    ({"message": 1, "rate": "5"}, "rate is a number"),
    ({"message": 1, "again": "yes"}, "again is true or false"),
    ({"message": 1, "again": 1}, "again is true or false"),
    ({"message": 1, "dry_run": [1]}, "dry_run is true or false"),
    ({"message": 1, "dryrun": True}, "unknown: dryrun"),
    ({"state": "lost"}, "no state"),
    ({"state": ["exhausted"]}, "no state"),
    ({"state": "pending"}, "what is sent again has ended"),
    ({"state": "delivered"}, "say again"),
    ({"account": 5.5}, "account is a name"),
    ({"account": "a\0"}, "account is a name"),
    ({"account": "nobody"}, "there is no account"),
    ({"target": "nowhere"}, "there is no target"),
    ({"target": "shop", "account": "other"}, "there is no target"),
    ({"target": "crm"}, "several targets"),
    ({"target": "twin", "account": "acme"}, "4 (acme twin), 5 (acme twin)"),
    ({"from": "yesterday"}, "from is a day"),
    ({"to": 5}, "to is a day"),
    ({"to": "2026-02-30"}, "to is a day"),
)  # fmt: skip


@pytest.mark.parametrize(("values", "says"), BAD)
def test_refusals(values: dict[str, Any], says: str) -> None:
    with pytest.raises((SettingError, NotOurs)) as caught:
        read_order(values, directory())
    assert says in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@given(st.dictionaries(st.sampled_from(("deliveries", "message", "account", "target", "state", "from", "to", "rate", "again")), anything))
def test_anything_gives_an_order_or_an_error_of_ours(values: dict[str, Any]) -> None:
    try:
        found: object = read_order(values, directory())
    except OdzewError as error:
        found = error
    assert isinstance(found, Order | OdzewError)
    assert str(found)


def test_a_target_is_found_by_place_name_or_id() -> None:
    found = [find_target(directory(), text) for text in ("acme crm", "other crm", "shop", "2", "999")]
    assert found == [1, 3, 2, 2, 999]
    assert read_wanted({}, directory()) == Wanted()


# --- carried out -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def owing(db: Database) -> Database:
    await an_owing_database(db)
    return db


async def test_a_filter_is_worked_off_in_windows_at_its_pace(owing: Database, clock: FixedClock) -> None:
    count = AT_ONCE + 10
    await owe(owing, list(range(1, count + 1)))
    await owing.write(statement, "UPDATE deliveries SET state = 'exhausted', ended_at = id")
    await owing.write(statement, "DELETE FROM owed")
    told: list[int] = []
    assert await send_again(owing, Order(wanted=Wanted("exhausted"), rate=10), told.append) == Resent(sent_again=count)
    assert told == [AT_ONCE, count]
    due = await owed_now(owing)
    assert due == {key: clock.now() + (key - 1) * SECOND // 10 for key in range(1, count + 1)}


async def test_beside_a_server_it_rests_between_its_transactions(owing: Database, clock: FixedClock) -> None:
    """The database is one that takes half a second for each."""
    count = 2 * AT_ONCE + 1
    await owe(owing, list(range(1, count + 1)))
    await owing.write(statement, "UPDATE deliveries SET state = 'exhausted', ended_at = id")
    await owing.write(statement, "DELETE FROM owed")
    told: list[int] = []
    order = Order(wanted=Wanted("exhausted"))
    sending = asyncio.create_task(send_again(Slow(owing, clock), order, told.append, clock))  # type: ignore[arg-type]  # what is asked of it, it has
    for sent in (AT_ONCE, 2 * AT_ONCE):
        while clock.next_due() is None:
            await asyncio.to_thread(int)
        assert clock.next_due() == pytest.approx(4 * 0.5)
        assert told[-1] == sent
        clock.advance(2)
    assert await sending == Resent(sent_again=count)
    assert clock.next_due() is None, "there is nothing to wait for after the last one"


class Slow:
    """Each transaction takes half a second."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self._db = db
        self._clock = clock
        self.read = db.read

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        done = await self._db.write(unit, *args)
        self._clock.advance(0.5)
        return done


async def test_what_is_exhausted_again_meanwhile_is_not_sent_a_third_time(owing: Database, clock: FixedClock) -> None:
    """The database is one on which everything that is sent again fails at once."""
    count = AT_ONCE + 1
    await owe(owing, list(range(1, count + 1)))
    await owing.write(statement, "UPDATE deliveries SET state = 'exhausted', ended_at = id")
    await owing.write(statement, "DELETE FROM owed")
    db = Failing(owing, clock)
    assert await send_again(db, Order(wanted=Wanted("exhausted"))) == Resent(sent_again=count)  # type: ignore[arg-type]  # what is asked of it, it has


class Failing:
    """After each window, what is owed again is exhausted again."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self._db = db
        self._clock = clock
        self.read = db.read

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        done = await self._db.write(unit, *args)
        self._clock.advance(1)
        ended_at = self._clock.now()
        await self._db.write(statement, "UPDATE deliveries SET state = 'exhausted', ended_at = ? WHERE state = 'pending'", ended_at)
        await self._db.write(statement, "DELETE FROM owed")
        return done


async def test_named_ones_and_those_of_a_message(owing: Database) -> None:
    await ended(owing, [1, 2, 3])
    assert await send_again(owing, Order((1, 99))) == Resent(sent_again=1, unknown=1)
    assert await send_again(owing, Order(message=1002)) == Resent(sent_again=1)
    assert await send_again(owing, Order(message=1002)) == Resent(still_owed=1)
    assert sorted(await owed_now(owing)) == [1, 2]
    with pytest.raises(NotOurs, match="message 5 has no deliveries"):
        await send_again(owing, Order(message=5))


async def test_what_was_delivered_only_where_that_is_said(owing: Database) -> None:
    await ended(owing, [1], "delivered")
    assert await send_again(owing, Order((1,))) == Resent(delivered=1)
    assert await send_again(owing, Order((1,), delivered=True)) == Resent(sent_again=1)
    await attempt(owing, 1, 2, "delivered", earlier=1)
    assert await send_again(owing, Order(wanted=Wanted("delivered"), delivered=True)) == Resent(sent_again=1)


async def test_a_trial_of_each_kind(owing: Database) -> None:
    await ended(owing, [1], target=CRM)
    await ended(owing, [2], target=OTHER)
    for order in (Order((1, 2), dry_run=True), Order(wanted=Wanted("exhausted"), dry_run=True)):
        assert await send_again(owing, order) == Resent(sent_again=2)
    assert await owed_now(owing) == {}
