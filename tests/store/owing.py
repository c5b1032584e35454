"""A database with deliveries in every state, for tests of how they are listed and sent again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odzew.model import Attempt, DeliveryState, Owed, Target
from odzew.store import deliveries, targets
from odzew.store.db import Database, statement
from odzew.store.deliveries import Ending, Result
from tests import builders

CRM, SHOP, OTHER = 1, 2, 3  # targets; the third is of another account
BEGUN = builders.RECEIVED


async def an_owing_database(db: Database) -> None:
    """Accounts acme (targets 1 and 2) and other (3); nothing is owed."""
    for name in ("acme", "other"):
        await db.write(builders.an_account, name)
    rows = [(1, 1, "crm"), (2, 1, "shop"), (3, 2, "crm")]
    await db.write(
        targets.save_targets, [Target(0, owner, "account", owner, "sms", name, f"https://{key}.example/") for key, owner, name in rows]
    )


async def owe(db: Database, keys: Sequence[int], target: int = CRM, due: int = BEGUN) -> None:
    """Deliveries of these ids, each of a message of its own (id + 1000)."""
    account = 2 if target == OTHER else 1
    await db.write(deliveries.owe, [Owed(key, target, account, 1000 + key, due) for key in keys])


async def attempt(db: Database, key: int, number: int = 1, state: DeliveryState = "exhausted", at: int = BEGUN, earlier: int = 0) -> None:
    """One attempt that ended at `at`; `number` counts over all rounds, `earlier` those before this one."""
    made = Attempt(key, number - earlier, at - 10, 10, "ok" if state == "delivered" else "http_5xx")
    await db.write(deliveries.record, [Result(made, 0, state, at - 10, 7, at + 300 if state == "pending" else None, earlier)])


async def cancel(db: Database, key: int, at: int = BEGUN) -> None:
    await db.write(deliveries.end, [Ending(key, 0, "cancelled", "switched_off", at)])


async def ended(db: Database, keys: Sequence[int], state: DeliveryState = "exhausted", target: int = CRM, at: int = BEGUN) -> None:
    """Deliveries that ended a second apart."""
    await owe(db, keys, target)
    for number, key in enumerate(keys):
        await attempt(db, key, state=state, at=at + number * 1_000_000)


async def row_of(db: Database, key: int) -> tuple[Any, ...]:
    """(state, slot, earlier, first_at, ended_at, outcome, served_us)"""
    sql = "SELECT state, slot, earlier, first_at, ended_at, outcome, served_us FROM deliveries WHERE id = ?"
    return tuple((await db.read(statement, sql, key))[0])


async def owed_now(db: Database) -> dict[int, int]:
    """{delivery: when it is due}"""
    return dict(tuple(row) for row in await db.read(statement, "SELECT delivery_id, due_at FROM owed"))
