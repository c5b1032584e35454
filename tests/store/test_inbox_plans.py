"""No list of the panel walks along a big table: each question is answered by its narrow index."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from odzew.inbox.walk import question_of, walk
from odzew.store import audit, dashboard, inbox_counts, inbox_index, inbox_lines, seen
from odzew.store.db import Database, MakeUnit, Many, Request, Rows, statement
from odzew.store.inbox_lines import EVERYBODY, Wanted

SMALL = ("changes", "accounts", "inbox_mark", "inbox_changed", "targets", "json_each", "message_hours")
FAR = 1 << 62


def rows_of_messages() -> Generator[Request, Any, None]:
    """Enough that PostgreSQL knows better than to walk, all of them in the index."""
    yield Many(
        "INSERT INTO messages (id, account_id, kind, sender, recipient, text, received_at) VALUES (?, ?, ?, ?, '7055', 'text', ?)",
        [(n, 1 + n % 7, ("nd", "eco")[n % 2], f"+48500{n % 50}", n) for n in range(1, 4001)],
    )
    yield Many(
        "INSERT INTO inbox_index (message_id, account_id, kind, received_at) VALUES (?, ?, ?, ?)",
        [(n, 1 + n % 7, ("nd", "eco")[n % 2], n) for n in range(1, 4001)],
    )
    yield Many("INSERT INTO deliveries (id, message_id, target_id, account_id) VALUES (?, ?, 1, 1)", [(n, n) for n in range(1, 4001)])
    yield Rows("UPDATE inbox_mark SET upto = 4000")


def walked(wanted: Wanted) -> Generator[Request, Any, Any]:
    question = question_of(wanted)
    assert question is not None
    return (yield from walk(question, FAR, 50))


UNITS: tuple[tuple[str, MakeUnit, tuple[Any, ...]], ...] = (
    ("a list", walked, (Wanted(1),)),
    ("a list of kinds", walked, (Wanted(1, ("nd", "mms")),)),
    ("what is not seen", walked, (Wanted(1, unseen=True),)),
    ("unclaimed", walked, (Wanted(None),)),
    ("of everybody", walked, (Wanted(EVERYBODY),)),
    ("a kind of everybody", walked, (Wanted(EVERYBODY, ("nd",)),)),
    ("a sender", walked, (Wanted(1, sender="+485001"),)),
    ("a keyword", walked, (Wanted(1, keyword_id=1),)),
    ("words", walked, (Wanted(1, words="text te"),)),
    ("a time", walked, (Wanted(1, since=1, until=10),)),
    ("lines", inbox_lines.by_ids, ([1, 2, 3],)),
    ("above the mark", inbox_lines.between, (Wanted(1), 3990, 4001, 50)),
    ("counts of what is not seen", inbox_counts.unseen, (1, 1_000)),
    ("hours", inbox_counts.per_hour, (1, 0, FAR)),
    ("what to fill", inbox_index.unindexed, (4_000, 500, 100)),
    ("marking", seen.mark, ([1, 2, 4_001], 1)),
    ("marking all", seen.mark_all, (1, (), 4_010)),
    ("offering again", seen.offer_again, ([1, 2], 1)),
    ("deliveries", dashboard.deliveries, (1,)),
    ("answers", dashboard.answered, (1, 0)),
    ("the audit log of an account", audit.page, (1,)),
)


@pytest.fixture
async def filled(db: Database) -> Database:
    await db.write(rows_of_messages)
    if db.engine == "postgres":
        await db.write(statement, "ANALYZE")
    return db


async def scans(db: Database, unit: MakeUnit, args: tuple[Any, ...]) -> list[str]:
    """The steps of the unit's plans that walk along a whole table that may be big."""
    postgres = db.engine == "postgres"

    def explained() -> Generator[Request, Any, list[str]]:
        found, inner, answer = [], unit(*args), None
        if postgres:  # a small table must not look cheap enough to be walked
            yield Rows("SET LOCAL enable_seqscan = off")
        try:
            while True:
                request = inner.send(answer)
                if isinstance(request, Rows):
                    rows = yield Rows(("EXPLAIN " if postgres else "EXPLAIN QUERY PLAN ") + request.sql, request.parameters)
                    found += [str(row[0] if postgres else row[3]) for row in rows]
                answer = yield request
        except StopIteration:
            return [line for line in found if _walks(line, postgres)]

    lines: list[str] = await db.write(explained)
    return lines


def _walks(line: str, postgres: bool) -> bool:
    if postgres:
        return "Seq Scan on " in line and not any(f"Seq Scan on {table}" in line for table in SMALL)
    words = line.split()
    return words[:1] == ["SCAN"] and "VIRTUAL TABLE" not in line and "CONSTANT" not in line and "USING" not in line and _big(words[1])


def _big(name: str) -> bool:
    return name not in (*SMALL, "t") and not name.startswith(("(", "of_kind", "counted", "found", "newest", "d"))


@pytest.mark.parametrize(("unit", "args"), [row[1:] for row in UNITS], ids=[row[0] for row in UNITS])
async def test_no_list_walks_along_a_big_table(filled: Database, unit: MakeUnit, args: tuple[Any, ...]) -> None:
    assert await scans(filled, unit, args) == []


async def test_this_test_can_fail(filled: Database) -> None:
    def walking() -> Generator[Request, Any, None]:
        yield Rows("SELECT count(*) FROM messages WHERE text = 'x'")

    assert await scans(filled, walking, ()) != []
