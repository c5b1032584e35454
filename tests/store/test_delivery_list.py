"""Pages of deliveries by state, account, target and time, and that no page walks through what it does not give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.errors import NotOurs
from odzew.store.db import Database, statement
from odzew.store.delivery_list import WALKED, Wanted, page
from odzew.store.lookup import DeliveryRow
from tests.store.owing import BEGUN, CRM, OTHER, SHOP, an_owing_database, attempt, cancel, ended, owe
from tests.store.questions import plan

SECOND = 1_000_000


@pytest.fixture
async def full(db: Database) -> Database:
    """11-13 delivered, 21-23 exhausted (crm), 24 (shop), 25 (other), 31 cancelled, 41-43 pending (crm, shop, other)."""
    await an_owing_database(db)
    await ended(db, [11, 12, 13], "delivered")
    await ended(db, [21, 22, 23], at=BEGUN)
    await ended(db, [24], target=SHOP, at=BEGUN + 10 * SECOND)
    await ended(db, [25], target=OTHER, at=BEGUN - 10 * SECOND)
    await owe(db, [31])
    await cancel(db, 31, BEGUN + SECOND)
    for key, target, due in ((41, CRM, 300), (42, SHOP, 100), (43, OTHER, 200)):
        await owe(db, [key], target, BEGUN + due)
    return db


LISTS: tuple[tuple[dict[str, Any], list[int]], ...] = (
    ({}, [43, 42, 41, 31, 25, 24, 23, 22, 21, 13, 12, 11]),
    ({"account_id": 2}, [43, 25]),
    ({"target_id": SHOP}, [42, 24]),
    ({"state": "delivered"}, [13, 12, 11]),
    ({"state": "delivered", "account_id": 2}, []),
    ({"state": "delivered", "since": BEGUN + SECOND, "until": BEGUN + 2 * SECOND}, [12]),
    ({"state": "exhausted"}, [24, 23, 22, 21, 25]),
    ({"state": "exhausted", "account_id": 1}, [24, 23, 22, 21]),
    ({"state": "exhausted", "account_id": 2}, [25]),
    ({"state": "exhausted", "target_id": CRM}, [23, 22, 21]),
    ({"state": "exhausted", "target_id": CRM, "account_id": 2}, []),
    ({"state": "exhausted", "since": BEGUN + SECOND}, [24, 23, 22]),
    ({"state": "exhausted", "until": BEGUN + SECOND}, [21, 25]),
    ({"state": "exhausted", "target_id": CRM, "since": BEGUN + SECOND, "until": BEGUN + 2 * SECOND}, [22]),
    ({"state": "cancelled"}, [31]),
    ({"state": "pending"}, [42, 43, 41]),
    ({"state": "pending", "target_id": CRM}, [41]),
    ({"state": "pending", "account_id": 1}, [42, 41]),
    ({"state": "pending", "account_id": 1, "target_id": OTHER}, []),
    ({"state": "pending", "since": BEGUN + 200}, [43, 41]),
    ({"state": "pending", "account_id": 1, "until": BEGUN + 300}, [42]),
)


@pytest.mark.parametrize(("fields", "found"), LISTS, ids=[str(row[0]) for row in LISTS])
async def test_lists(fields: dict[str, Any], found: list[int], full: Database) -> None:
    assert [row.id for row in await whole(full, Wanted(**fields), 50)] == found


@pytest.mark.parametrize(("fields", "found"), LISTS, ids=[str(row[0]) for row in LISTS])
async def test_pages_of_one_give_the_same(fields: dict[str, Any], found: list[int], full: Database) -> None:
    assert [row.id for row in await whole(full, Wanted(**fields), 1)] == found


async def whole(db: Database, wanted: Wanted, limit: int) -> list[DeliveryRow]:
    rows: list[DeliveryRow] = []
    after: int | None = None
    while True:
        some, after = await db.read(page, wanted, after, limit)
        assert len(some) <= limit
        rows += some
        if after is None:
            return rows


async def test_a_row(full: Database) -> None:
    ((row,), _) = await full.read(page, Wanted("exhausted", target_id=SHOP), None, 10)
    ends = BEGUN + 10 * SECOND
    assert row == DeliveryRow(24, 1024, 1, SHOP, "shop", "https://2.example/", "exhausted", 1, "http_5xx", ends - 10, ends, None)


@pytest.mark.parametrize(("state", "after"), [("exhausted", 31), ("exhausted", 99), ("cancelled", 21), ("pending", 21)])
async def test_a_page_goes_on_only_where_the_last_one_ended(state: Any, after: int, full: Database) -> None:
    with pytest.raises(NotOurs, match="begin the list anew"):
        await full.read(page, Wanted(state), after, 10)


async def test_attempts_of_all_rounds_are_counted(full: Database) -> None:
    await full.write(statement, "UPDATE deliveries SET earlier = 5 WHERE id = 41")
    await attempt(full, 41, number=7, state="pending", earlier=5)
    ((row,), _) = await full.read(page, Wanted("pending", target_id=CRM), None, 10)
    assert (row.attempts, row.earlier) == (7, 5)


async def test_a_rare_one_is_looked_for_a_bounded_way_at_a_time(db: Database) -> None:
    await an_owing_database(db)
    await owe(db, [1], OTHER)
    for start in range(2, WALKED + 2, 1000):
        await owe(db, list(range(start, start + 1000)))
    first, after = await db.read(page, Wanted(account_id=2), None, 10)
    assert (first, after) == ([], 2)
    rows, after = await db.read(page, Wanted(account_id=2), after, 10)
    assert ([row.id for row in rows], after) == ([1], 1)
    assert await db.read(page, Wanted(account_id=2), after, 10) == ([], None)


INDEXES = (
    ({"state": "exhausted"}, "deliveries_ended"),
    ({"state": "exhausted", "account_id": 1}, "deliveries_ended_account"),
    ({"state": "exhausted", "target_id": 1}, "deliveries_ended_target"),
    ({"state": "cancelled", "target_id": 1, "since": 5, "until": 9}, "deliveries_ended_target"),
    ({"state": "pending"}, "owed_due"),
    ({"state": "pending", "target_id": 1}, "owed_target"),
)


@pytest.mark.parametrize(("fields", "index"), INDEXES, ids=[row[1] + str(len(row[0])) for row in INDEXES])
async def test_the_order_comes_from_an_index(fields: dict[str, Any], index: str, full: Database) -> None:
    lines = " ".join(await plan(full, page, Wanted(**fields), None, 50))
    assert f"{index} " in lines.replace("(", " ").replace(")", " ") + " "
    if full.engine == "sqlite":
        assert "TEMP B-TREE" not in lines
        assert "SCAN d" not in lines


instants = st.integers(BEGUN, BEGUN + 5 * SECOND)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "state": st.sampled_from(("pending", "delivered", "exhausted", "cancelled")), "account_id": st.integers(1, 3),
            "target_id": st.integers(1, 4), "since": instants, "until": instants,
        },
    ),
    limit=st.integers(1, 5),
)  # fmt: skip
async def test_any_filter_gives_what_fits_it(fields: dict[str, Any], limit: int, full: Database) -> None:
    wanted = Wanted(**fields)
    expected = {row.id for row in await whole(full, Wanted(), 50) if fits(wanted, row)}
    found = [row.id for row in await whole(full, wanted, limit)]
    assert len(found) == len(set(found))
    assert set(found) == expected


def fits(wanted: Wanted, row: DeliveryRow) -> bool:
    instant = row.due_at if wanted.state == "pending" else row.ended_at
    return (
        wanted.state in (None, row.state)
        and wanted.account_id in (None, row.account_id)
        and wanted.target_id in (None, row.target_id)
        and (wanted.since is None or (instant is not None and instant >= wanted.since))
        and (wanted.until is None or (instant is not None and instant < wanted.until))
    )
