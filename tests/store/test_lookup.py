"""What the operator looks up, on both engines."""

from __future__ import annotations

import pytest

from odzew.model import Attempt, Owed, Target
from odzew.store.changes import bump
from odzew.store.db import Database, statement
from odzew.store.deliveries import Ending, Result, end, owe, record
from odzew.store.lookup import DeliveryRow, Revision, deliveries_of, delivery, messages_of, pulled_at, revisions
from odzew.store.messages import correct, get
from odzew.store.targets import save_targets
from tests.builders import RECEIVED, a_message, an_account, store_messages

URL = "http://192.0.2.1/sms?id=#ID#"


async def an_owing_database(db: Database) -> None:
    """Messages 1 to 4 of acme, owed as deliveries 11 to 14: delivered, exhausted, cancelled, pending."""
    account = await db.write(an_account)
    assert account == 1
    await db.write(save_targets, [Target(0, 1, "account", 1, "sms", "sms", URL)])
    await store_messages(db, *(a_message(key) for key in range(1, 5)))
    await db.write(owe, [Owed(10 + key, 1, 1, key, RECEIVED) for key in range(1, 5)])
    ok, failed = Attempt(11, 1, RECEIVED, 5, "ok"), Attempt(12, 1, RECEIVED, 7, "refused")
    await db.write(record, [Result(ok, 1, "delivered", RECEIVED, 0, None), Result(failed, 1, "exhausted", RECEIVED, 0, None)])
    await db.write(end, [Ending(13, 1, "cancelled", "switched off", RECEIVED)])


async def test_one_delivery(db: Database) -> None:
    await an_owing_database(db)
    assert await db.read(delivery, 11) == DeliveryRow(11, 1, 1, 1, "sms", URL, "delivered", 1, "ok", RECEIVED, RECEIVED + 5, None)
    assert await db.read(delivery, 14) == DeliveryRow(14, 4, 1, 1, "sms", URL, "pending", 0, "", None, None, RECEIVED)
    assert await db.read(delivery, 15) is None
    assert await db.read(deliveries_of, 2) == [await db.read(delivery, 12)]
    assert await db.read(deliveries_of, 5) == []


async def test_a_target_that_is_gone_leaves_its_deliveries(db: Database) -> None:
    await an_owing_database(db)
    await db.write(statement, "DELETE FROM targets")
    assert [(row.id, row.target, row.url) for row in await db.read(deliveries_of, 4)] == [(14, "", "")]
    assert (await db.read(delivery, 11)).target == ""


@pytest.mark.parametrize(("before", "limit", "found"), [(None, 10, [5, 3, 1]), (None, 2, [5, 3]), (3, 10, [1]), (1, 10, [])])
async def test_messages_of_an_account(before: int | None, limit: int, found: list[int], db: Database) -> None:
    await store_messages(db, *(a_message(key, account_id=1 if key % 2 else 2) for key in range(1, 6)), a_message(6, account_id=None))
    assert [message.id for message in await db.read(messages_of, 1, before, limit)] == found


async def test_marks_and_revisions(db: Database) -> None:
    await store_messages(db, a_message(1, text="first"))
    assert await db.read(pulled_at, 1) is None
    await db.write(statement, "UPDATE messages SET pulled_at = ? WHERE id = 1", RECEIVED)
    assert await db.read(pulled_at, 1) == RECEIVED
    assert await db.read(pulled_at, 2) is None
    message = (await db.read(get, [1]))[1]
    for number in (1, 2):
        await db.write(correct, message, RECEIVED + number, f"reason {number}", "{}")
    await db.write(bump, "messages")
    assert await db.read(revisions, 1) == [Revision(RECEIVED + number, f"reason {number}", "{}") for number in (1, 2)]
    assert await db.read(revisions, 2) == []
