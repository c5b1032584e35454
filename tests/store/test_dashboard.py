"""What the dashboard tells of deliveries: counts that stop at their most, and how the URLs answered lately."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from odzew.store import dashboard
from odzew.store.dashboard import Answered
from odzew.store.db import Database, Many, Request
from odzew.store.inbox_lines import EVERYBODY

# (id, target, account, state, when its attempts began, outcome and microseconds of each)
DELIVERIES: tuple[tuple[int, int, int, str, tuple[tuple[int, str, int], ...]], ...] = (
    (1, 1, 1, "delivered", ((100, "ok", 5_000),)),
    (2, 1, 1, "pending", ((100, "http_5xx", 7_000),)),
    (3, 2, 1, "pending", ()),
    (4, 3, 2, "exhausted", ((100, "refused", 1_000), (200, "refused", 2_000))),
    (5, 1, 1, "exhausted", ((200, "timeout_response", 9_000),)),
    (6, 1, 1, "cancelled", ()),
    (7, 1, 1, "delivered", ((200, "ok", 6_000),)),
)


def the_deliveries() -> Generator[Request, Any, None]:
    yield Many("INSERT INTO accounts (id, name) VALUES (?, ?)", [(1, "a"), (2, "b")])
    yield Many(
        "INSERT INTO targets (id, account_id, level, level_id, for_kind, name, url) VALUES (?, ?, 'account', 1, 'sms', ?, 'https://a/')",
        [(1, 1, "one"), (2, 1, "two"), (3, 2, "three")],
    )
    yield Many(
        "INSERT INTO deliveries (id, message_id, target_id, account_id, state, ended_at) VALUES (?, ?, ?, ?, ?, ?)",
        [(key, key, target, account, state, None if state == "pending" else 300) for key, target, account, state, _ in DELIVERIES],
    )
    yield Many(
        "INSERT INTO owed (delivery_id, target_id, due_at) VALUES (?, ?, 400)",
        [(key, target) for key, target, _, state, _ in DELIVERIES if state == "pending"],
    )
    yield Many(
        "INSERT INTO attempts (delivery_id, number, started_at, took_us, outcome, url) VALUES (?, ?, ?, ?, ?, '')",
        [(key, n, at, took, outcome) for key, *_, tries in DELIVERIES for n, (at, outcome, took) in enumerate(tries, 1)],
    )


@pytest.fixture
async def filled(db: Database) -> Database:
    await db.write(the_deliveries)
    return db


COUNTED = (
    (1, 1_000, {"pending": 2, "exhausted": 1, "cancelled": 1}),
    (2, 1_000, {"pending": 0, "exhausted": 1, "cancelled": 0}),
    (9, 1_000, {"pending": 0, "exhausted": 0, "cancelled": 0}),
    (EVERYBODY, 1_000, {"pending": 2, "exhausted": 2, "cancelled": 1}),
    (EVERYBODY, 1, {"pending": 1, "exhausted": 1, "cancelled": 1}),
    (1, 1, {"pending": 1, "exhausted": 1, "cancelled": 1}),
)


@pytest.mark.parametrize(("account", "most", "expected"), COUNTED)
async def test_counts(filled: Database, account: int, most: int, expected: dict[str, int]) -> None:
    assert await filled.read(dashboard.deliveries, account, most) == expected


ANSWERED = (
    (1, 0, Answered(2, 2, 7_000, 9_000)),
    (1, 150, Answered(1, 1, 9_000, 9_000)),
    (1, 201, Answered()),
    (2, 0, Answered(0, 2, 2_000, 2_000)),
    (EVERYBODY, 0, Answered(2, 4, 6_000, 9_000)),
)


@pytest.mark.parametrize(("account", "since", "expected"), ANSWERED)
async def test_how_the_urls_answered(filled: Database, account: int, since: int, expected: Answered) -> None:
    assert await filled.read(dashboard.answered, account, since) == expected
