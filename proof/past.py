"""A past made by plain SQL: deliveries that wait for their next repeat, and exhausted ones, each with a message of its own.

Millions of them in a minute or two. They are spread evenly over some of the set-up's targets.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from odzew.clock import DAY, MINUTE
from odzew.store.db import Database, Request, Reserve, Rows
from proof.stand import EngineName

CHUNK: Final = 100_000  # rows in one transaction
ATTEMPTS: Final = 5  # of one that is exhausted
SCATTER: Final = 0.6180339887  # the golden ratio: neighbours by number are far apart by time, and all lie evenly

_SPREAD: Final = """WITH RECURSIVE n (i) AS (SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {last}),
    spread AS (SELECT id AS target_id, account_id, level_id, row_number() OVER (ORDER BY id) - 1 AS place
               FROM targets WHERE id >= {least} AND id <= {most})"""
_EACH: Final = "FROM n JOIN spread ON spread.place = n.i % {targets}"
_MESSAGES: Final = """INSERT INTO messages (id, account_id, kind, sender, recipient, text, received_at, number_id, rule, pulled_at)
    {spread} SELECT n.i + {messages}, account_id, 'ndi', '+48600000000', (SELECT address FROM numbers WHERE numbers.id = level_id),
        'number ' || n.i || ' of the past, as long as people write', {at}, level_id, 'a past', {at} {each}"""
_DELIVERIES: Final = """INSERT INTO deliveries (id, message_id, target_id, account_id, state, slot, first_at, ended_at, outcome, served_us)
    {spread} SELECT n.i + {deliveries}, n.i + {messages}, target_id, account_id, '{state}', {slot}, {first_at}, {ended_at}, '{outcome}', 0
    {each}"""
_OWED: Final = """INSERT INTO owed (delivery_id, target_id, due_at)
    {spread} SELECT n.i + {deliveries}, target_id, {due_at} + (n.i * {scatter}) % {due_over} {each}"""
_ATTEMPTS: Final = """INSERT INTO attempts (delivery_id, number, started_at, took_us, outcome, url, address, status, timings)
    {spread} SELECT n.i + {deliveries}, a.number, {at} + a.number * {minute}, 900, 'http_5xx', 'http://127.0.0.1:9999/in?id=1&text=past',
        '127.0.0.1', 500, 'dns=0 connect=90 tls=0 first_byte=700 total=900' {each} CROSS JOIN ({numbers}) AS a"""


@dataclass(slots=True, frozen=True)
class Past:
    """What is made. `targets`: the first and the last id of those it is owed to; `due_at` and `due_over`: the first due time, and over
    how long they are spread (microseconds); None: they are exhausted. `slot`: attempts that each one has had.
    """

    count: int
    targets: tuple[int, int]
    due_at: int | None = None
    due_over: int = 1
    slot: int = 1


def chunk(past: Past, begin: int, size: int, now: int) -> Generator[Request, Any, tuple[int, int]]:
    """Rows number `begin` and on. The first and the last id of the deliveries."""
    messages: Sequence[int] = yield Reserve("messages", size)
    deliveries: Sequence[int] = yield Reserve("deliveries", size)
    assert messages[-1] - messages[0] == deliveries[-1] - deliveries[0] == size - 1, "nobody else may write meanwhile"
    least, most = past.targets
    exhausted = past.due_at is None
    words: dict[str, Any] = {
        "first": begin, "last": begin + size - 1, "least": least, "most": most, "targets": most - least + 1,
        "messages": messages[0] - begin, "deliveries": deliveries[0] - begin, "at": now - DAY, "minute": MINUTE,
        "state": "exhausted" if exhausted else "pending", "slot": ATTEMPTS if exhausted else past.slot,
        "outcome": "http_5xx" if past.slot or exhausted else "", "first_at": now - MINUTE if past.slot else "NULL",
        "ended_at": f"{now - DAY} + n.i" if exhausted else "NULL", "due_at": past.due_at, "due_over": past.due_over,
        "scatter": max(1, int(past.due_over * SCATTER)),
        "numbers": " UNION ALL ".join(f"SELECT {number} AS number" for number in range(1, ATTEMPTS + 1)),
    }  # fmt: skip
    words |= {"spread": _SPREAD.format(**words), "each": _EACH.format(**words)}
    for sql in (_MESSAGES, _DELIVERIES, _ATTEMPTS if exhausted else _OWED):
        yield Rows(sql.format(**words))
    return deliveries[0], deliveries[-1]


async def make(db: Database, past: Past, now: int) -> range:
    """Stores it; the ids of its deliveries. Only on a database that nobody else writes to."""
    first = last = 0
    for begin in range(0, past.count, CHUNK):
        least, last = await db.write(chunk, past, begin, min(CHUNK, past.count - begin), now)
        first = first or least
    return range(first, last + 1) if past.count else range(0)


async def analyzed(engine: EngineName, url: str) -> None:
    """PostgreSQL: what its own autovacuum would do within minutes, at once. SQLite learns on its own."""
    if engine == "postgres":
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("VACUUM (ANALYZE) messages, deliveries, owed, attempts")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()
