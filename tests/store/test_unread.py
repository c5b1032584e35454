"""Windows of unread messages: right rows in the right order on each engine, and found by their narrow indexes alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import FixedClock
from odzew.store import unread
from odzew.store.db import Database, Request, Rows, statement
from odzew.store.engines import open_database
from odzew.store.unread import Filter, Span
from odzew.store.words import for_postgres, for_sqlite
from tests.builders import a_message, store_messages

SENDERS = ("+48500600700", "+48500600701", "Alfa")


async def ids(db: Database, wanted: Filter, **span: Any) -> list[int]:
    rows, _ = await db.read(unread.window, wanted, Span(**span))
    return [row[unread.ID] for row in rows]


async def test_everything_in_windows(db: Database) -> None:
    await store_messages(db, *[a_message(n, received_at=1_000 + n // 3) for n in range(1, 26)])
    for newest_first in (False, True):
        found: list[int] = []
        after = None
        while rows := (await db.read(unread.window, Filter(1, newest_first=newest_first), Span(limit=4, after=after)))[0]:
            found += [row[unread.ID] for row in rows]
            after = (rows[-1][unread.RECEIVED_AT], rows[-1][unread.ID])
        assert found == sorted(range(1, 26), reverse=newest_first)


async def test_each_filter_by_itself_and_together(db: Database) -> None:
    built = [
        a_message(n, 1 + n % 2, ("nd", "ndi")[n % 3 % 2], sender=SENDERS[n % 3], recipient=("a", "b")[n // 4 % 2], received_at=n)
        for n in range(1, 61)
    ]
    await store_messages(db, *built)
    many = tuple(f"x{n}" for n in range(unread.FEW)) + SENDERS[1:]
    for senders in ((), SENDERS[:1], SENDERS[:2], many):
        for kind in (None, "ndi"):
            for recipient in (None, "b"):
                for since, until in ((None, None), (10, None), (None, 50), (10, 50)):
                    wanted = Filter(1, senders, since, until, kind, recipient)
                    right = [m.id for m, _ in built if matches(m, wanted)]
                    assert await ids(db, wanted) == right
                    assert await db.read(unread.count, wanted) == len(right)
                    for newest_first in (False, True):
                        turned = Filter(1, senders, since, until, kind, recipient, newest_first)
                        rest = [key for key in (reversed(right) if newest_first else right) if (key < 30 if newest_first else key > 30)]
                        assert await ids(db, turned, after=(30, 30)) == rest


def matches(message: Any, wanted: Filter) -> bool:
    return (
        message.account_id == wanted.account_id
        and (not wanted.senders or message.sender in wanted.senders)
        and (wanted.since is None or message.received_at >= wanted.since)
        and (wanted.until is None or message.received_at <= wanted.until)
        and (wanted.kind is None or message.kind == wanted.kind)
        and (wanted.recipient is None or message.recipient == wanted.recipient)
    )


async def test_skipping_and_bounds(db: Database) -> None:
    await store_messages(db, *[a_message(n, received_at=100 - n) for n in range(1, 21)])
    assert await ids(db, Filter(1), limit=3, skip=5) == [15, 14, 13]
    assert await ids(db, Filter(1), limit=3, skip=1 << 62) == []
    assert await ids(db, Filter(1), bound=4) == [4, 3, 2, 1]
    assert await db.read(unread.newest_id) == 20


async def test_what_is_marked_is_not_among_them_until_it_is_unmarked(db: Database) -> None:
    await store_messages(db, *[a_message(n) for n in range(1, 5)])
    await db.write(unread.mark, [1, 2, 3], 7, 5)
    assert await ids(db, Filter(1)) == [4]
    await db.write(unread.unmark, [1], 8)  # another pull's
    assert await ids(db, Filter(1)) == [4]
    await db.write(unread.unmark, [1, 2], 7)
    assert await ids(db, Filter(1)) == [1, 2, 4]


async def test_a_window_ends_where_its_long_texts_become_too_much(db: Database) -> None:
    long = "ż" * (unread.LONG_TEXTS // 2)
    await store_messages(db, *[a_message(n, text=long if n % 2 else "text") for n in range(1, 7)])
    rows, cut = await db.read(unread.window, Filter(1), Span())
    assert ([(row[unread.ID], len(row[unread.TEXT])) for row in rows], cut) == ([(1, len(long)), (2, 4), (3, len(long)), (4, 4)], True)
    rows, cut = await db.read(unread.window, Filter(1), Span(after=(rows[-1][unread.RECEIVED_AT], 4)))
    assert ([row[unread.ID] for row in rows], cut, rows[0][unread.TEXT] == long) == ([5, 6], False, True)


async def test_a_single_text_of_any_length_comes(db: Database) -> None:
    await store_messages(db, a_message(1, text="x" * (unread.LONG_TEXTS * 3)))
    rows, cut = await db.read(unread.window, Filter(1), Span())
    assert ([len(row[unread.TEXT]) for row in rows], cut) == ([unread.LONG_TEXTS * 3], False)


# --- what it costs ----------------------------------------------------------------------------------------------------

# What the poll asks, and the index that must answer it.
POLLS: tuple[tuple[str, Filter, Span, str], ...] = (
    ("the plain poll", Filter(1), Span(limit=50), "messages_unread"),
    ("newest first", Filter(1, newest_first=True), Span(limit=50), "messages_unread"),
    ("a later window", Filter(1), Span(after=(5, 5)), "messages_unread"),
    ("a later window, newest first", Filter(1, newest_first=True), Span(after=(5, 5)), "messages_unread"),
    ("with a bound", Filter(1), Span(after=(5, 5), bound=9), "messages_unread"),
    ("an interval", Filter(1, since=3, until=9), Span(limit=50), "messages_unread"),
    ("one type", Filter(1, kind="nd"), Span(limit=50), "messages_unread_kind"),
    ("one type, a later window", Filter(1, kind="nd"), Span(after=(5, 5)), "messages_unread_kind"),
    ("one type in an interval", Filter(1, kind="nd", since=3), Span(limit=50), "messages_unread_kind"),
    ("one number", Filter(1, kind="ndi", recipient="b"), Span(limit=50), "messages_unread_kind"),
    ("one sender", Filter(1, ("a",)), Span(limit=50), "messages_unread_sender"),
    ("one sender, a later window", Filter(1, ("a",)), Span(after=(5, 5)), "messages_unread_sender"),
    ("one sender in an interval", Filter(1, ("a",), since=3), Span(limit=50), "messages_unread_sender"),
    ("very many senders", Filter(1, tuple(map(str, range(unread.FEW + 1)))), Span(limit=50), "messages_unread"),
    ("a page further on", Filter(1), Span(limit=50, skip=500), "messages_unread"),
    ("while marking", Filter(1), Span(limit=50, lock=True), "messages_unread"),
)


def asked(unit: Generator[Request, Any, Any]) -> Rows:
    request = unit.send(None)
    assert isinstance(request, Rows)
    return request


@pytest.fixture
async def file(tmp_path: Path, clock: FixedClock) -> str:
    db = open_database(f"sqlite:///{tmp_path}/plan.db", clock)
    await db.migrate()
    await db.close()
    return str(tmp_path / "plan.db")


def test_sqlite_finds_it_by_the_index_and_sorts_nothing(file: str) -> None:
    connection = sqlite3.connect(file)
    for name, wanted, span, index in POLLS:
        rows = asked(unread.window(wanted, span))
        parameters = ["[]" if isinstance(value, list) else value for value in rows.parameters]
        plan = [step[3] for step in connection.execute("EXPLAIN QUERY PLAN " + for_sqlite(rows.sql), parameters)]
        on_messages = [step for step in plan if step.startswith(("SEARCH m ", "SCAN m"))]
        assert [step.split(" (")[0] for step in on_messages] == [f"SEARCH m USING INDEX {index}"], (name, plan)
        assert not [step for step in plan if "SCAN m" in step or "TEMP B-TREE" in step], (name, plan)
    connection.close()


def test_sqlite_counts_without_reading_a_message(file: str) -> None:
    connection = sqlite3.connect(file)
    ((root,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'")
    narrow = (Filter(1), Filter(1, since=3, until=4), Filter(1, ("a",)), Filter(1, kind="nd"))
    for wanted, reads in (*((wanted, 0) for wanted in narrow), (Filter(1, kind="ndi", recipient="b"), 1)):
        rows = asked(unread.count(wanted))
        program = connection.execute("EXPLAIN " + for_sqlite(rows.sql), rows.parameters).fetchall()
        cursors = {p1 for _, opcode, p1, p2, *_ in program if opcode == "OpenRead" and p2 == root}
        # The row itself is sought only when a column of it is asked for.
        assert len([1 for _, opcode, p1, *_ in program if opcode == "Column" and p1 in cursors]) == reads, wanted
    connection.close()


async def test_postgres_finds_it_by_the_index_and_sorts_nothing(pg_database: str, clock: FixedClock) -> None:
    db = open_database(pg_database, clock)
    await db.migrate()
    await store_messages(db, *[a_message(n, sender=SENDERS[n % 3]) for n in range(1, 500)])
    await db.write(statement, "ANALYZE messages")
    await db.close()
    connection = await asyncpg.connect(pg_database)
    # With a handful of rows everything else is cheap too; what matters is that the index can serve the order.
    await connection.execute("SET enable_seqscan = off")
    await connection.execute("SET enable_bitmapscan = off")
    await connection.execute("SET enable_sort = off")
    for name, wanted, span, index in POLLS:
        rows = asked(unread.window(wanted, span))
        plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN " + for_postgres(rows.sql), *rows.parameters))
        assert "Sort" not in plan, (name, plan)
        assert "Seq Scan on messages" not in plan, (name, plan)
        used = [line.split(" using ")[1].split(" on ")[0] for line in plan.splitlines() if " on messages m" in line]
        assert used == [index] or wanted.senders, (name, plan)
    await connection.close()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 50)), unique_by=lambda pair: pair[1], max_size=30))
def test_the_cursor_walks_through_any_times_once(pairs: list[tuple[int, int]]) -> None:
    """The order of (time, id) has no ties, so that each row is either before a cursor or after it."""
    ordered = sorted(pairs)
    assert all(one < two for one, two in pairwise(ordered))
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE m (account_id, pulled_at, received_at, id)")
    connection.executemany("INSERT INTO m VALUES (1, NULL, ?, ?)", pairs)
    for cursor in [(0, 0), *ordered]:
        sql, parameters = unread._conditions(Filter(1), cursor, ordered=True)
        found = connection.execute(f"SELECT received_at, id FROM m WHERE {sql} ORDER BY received_at, id", parameters).fetchall()
        assert found == [pair for pair in ordered if pair > cursor]
    connection.close()
