"""The record of sent messages: upserted by account and id, and asked by many replies at once (contract 6).

Windows and their edges as a reply meets them: tests/inbox/test_correct.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

from odzew.clock import DAY, HOUR
from odzew.model import Account, SentMessage
from odzew.store import people, sent
from odzew.store.db import Database, Request, statement
from odzew.store.sent import Answer, Question

AT = 1_413_883_083_000_000
POOL = "+48799000001"
PHONE = "+48500600700"


@pytest.fixture
async def recorded(db: Database) -> Database:
    """Accounts 1 to 3, of which the last has a reply window of an hour."""

    def unit() -> Generator[Request, Any, None]:
        yield from people.save_accounts([Account(0, "one"), Account(0, "two"), Account(0, "three", reply_window_days=1 / 24)])

    await db.write(unit)
    return db


def a_sent(message_id: str, account: int = 1, age: int = 0, phone: str = PHONE, pool: str = POOL, text: str = "") -> SentMessage:
    return SentMessage(account, message_id, phone, pool, AT - age, text)


async def stored(db: Database) -> list[tuple[Any, ...]]:
    columns = "account_id, message_id, phone, from_number, sent_at, text"
    rows = await db.read(statement, f"SELECT {columns} FROM sent ORDER BY account_id, message_id")
    return [tuple(row) for row in rows]


async def test_a_record_is_known_by_account_and_id(recorded: Database) -> None:
    await recorded.write(sent.record, [a_sent("b", text="x"), a_sent("a"), a_sent("a", account=2)])
    await recorded.write(sent.record, [a_sent("a", age=5, phone="+48111", pool="+48222", text="Zażółć")])
    assert await stored(recorded) == [
        (1, "a", "+48111", "+48222", AT - 5, "Zażółć"), (1, "b", PHONE, POOL, AT, "x"), (2, "a", PHONE, POOL, AT, ""),
    ]  # fmt: skip


async def test_of_one_message_twice_in_a_call_the_last_counts(recorded: Database) -> None:
    await recorded.write(sent.record, [a_sent("a", text="z first"), a_sent("b"), a_sent("a", text="a last")])
    assert [row[5] for row in await stored(recorded)] == ["a last", ""]


async def test_processes_that_record_the_same_at_once(recorded: Database, open_again: Callable[[], Database]) -> None:
    other = open_again()
    many = [a_sent(f"{n:04}") for n in range(200)]
    calls = [(recorded, other)[n % 2].write(sent.record, many[:: 1 if n % 3 else -1]) for n in range(8)]
    await asyncio.gather(*calls)
    assert len(await stored(recorded)) == 200


async def test_many_questions_at_once(recorded: Database) -> None:
    await recorded.write(
        sent.record,
        [
            a_sent("a1", 1, HOUR), a_sent("b1", 2, 2 * HOUR), a_sent("c1", 3, HOUR // 2), a_sent("c2", 3, HOUR + 1, phone="+48111"),
            a_sent("a2", 1, 8 * DAY, phone="+48222"), a_sent("b2", 2, HOUR, pool="other", phone="+48222"),
            a_sent("a3", 1, 91 * DAY, phone="+48333"), a_sent("b3", 2, 10 * DAY, phone="+48333"),
        ],
    )  # fmt: skip
    questions = [
        Question(POOL, PHONE, AT), Question(POOL, PHONE, AT), Question(POOL, "+48111", AT), Question(POOL, "+48222", AT),
        Question("other", "+48222", AT), Question(POOL, "+48333", AT), Question(POOL, "nobody", AT),
        Question(POOL, "'; -- \"\\", AT), Question(POOL, PHONE, AT - 3 * DAY),
    ]  # fmt: skip
    c1 = Answer(3, "c1")
    assert await recorded.read(sent.answered, questions) == [c1, c1, None, None, Answer(2, "b2"), None, None, None, None]
    assert await recorded.read(sent.only_writer, questions) == [
        None, None, Answer(3, None), None, None, Answer(2, None), None, None, None,
    ]  # fmt: skip
    assert await recorded.read(sent.answered, []) == []
    assert await recorded.read(sent.only_writer, []) == []


async def test_a_thousand_questions(recorded: Database) -> None:
    await recorded.write(sent.record, [a_sent(f"{n:04}", 1 + n % 2, phone=f"+4850000{n:04}") for n in range(1000)])
    answers = await recorded.read(sent.answered, [Question(POOL, f"+4850000{n:04}", AT) for n in range(1000)])
    assert answers == [Answer(1 + n % 2, f"{n:04}") for n in range(1000)]
