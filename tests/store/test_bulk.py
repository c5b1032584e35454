"""Many rows in few statements: which statements, and that all rows arrive once, in order."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.store.bulk import MOST, SIZES, many, widened

INSERT = "INSERT INTO kept (id, word) VALUES (?, ?)"


def sizes(sql: str, count: int, columns: int = 2) -> list[int]:
    rows = [tuple(range(columns))] * count
    return [len(some) if statement is not sql else -len(some) for statement, some in widened(sql, rows)]


# rows, how they are divided; a negative number: so many with the statement as it was given
DIVIDED: tuple[tuple[int, list[int]], ...] = (
    (0, []),
    (1, [-1]),
    (2, [2]),
    (5, [4, -1]),
    (25, [24, -1]),
    (64, [64]),
    (151, [64, 64, 16, 6, -1]),
)


@pytest.mark.parametrize(("count", "divided"), DIVIDED)
def test_divided(count: int, divided: list[int]) -> None:
    assert sizes(INSERT, count) == divided


def test_a_statement_never_has_too_many_parameters() -> None:
    wide = "INSERT INTO t (" + ", ".join("c" * 40) + ") VALUES (" + ", ".join("?" * 40) + ")"
    assert sizes(wide, 100, 40) == [48, 48, 4]
    assert max(SIZES) * 13 < MOST, "an arrival has thirteen columns"


# what cannot have several rows
ALONE = (
    "UPDATE kept SET word = lower(?) WHERE id = ?",
    "UPDATE kept SET word = ? WHERE id = ? OR id = 1",
    "UPDATE kept SET word = ? WHERE id = ? AND word = ?",
    "DELETE FROM kept WHERE id = ? AND word = ?",
    "INSERT INTO kept (id, word) SELECT ?, ?",
    "INSERT INTO kept (id, word) VALUES (?, lower(?))",
    "INSERT INTO kept (id, word) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET word = ?",
)


@pytest.mark.parametrize("sql", ALONE)
def test_what_cannot_have_several_rows_is_left_as_it_is(sql: str) -> None:
    assert sizes(sql, 100) == [-100]


def test_what_stands_behind_the_values_stays_there() -> None:
    sql = "INSERT INTO kept (id, word)\n VALUES (?, ?)\n ON CONFLICT (id) DO NOTHING"
    ((statement, _),) = widened(sql, [(1, "a")] * 4)
    assert statement == "INSERT INTO kept (id, word)\n VALUES (?, ?), (?, ?), (?, ?), (?, ?)\n ON CONFLICT (id) DO NOTHING"


@given(st.lists(st.one_of(st.text(max_size=3), st.none(), st.binary(max_size=3), st.integers(-9, 9)), max_size=200))
def test_all_rows_arrive_once_and_in_order(words: list[Any]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, word)")
    many(connection, INSERT, list(enumerate(words)))
    assert connection.execute("SELECT id, word FROM kept ORDER BY id").fetchall() == list(enumerate(words))
    connection.close()


UPDATE = "UPDATE kept SET word = ?, more = ? WHERE id = ? AND word <> 'fixed'"


@given(
    st.lists(
        st.tuples(st.one_of(st.text(max_size=3), st.none(), st.integers(-9, 9)), st.binary(max_size=3), st.integers(0, 99)), max_size=150
    )
)
def test_changes_are_as_if_made_one_after_the_other(changes: list[tuple[Any, ...]]) -> None:
    kept = []
    for change in (many, sqlite3.Connection.executemany):
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, word, more)")
        connection.executemany("INSERT INTO kept VALUES (?, ?, '')", [(key, "fixed" if key % 7 == 0 else "word") for key in range(80)])
        change(connection, UPDATE, changes)
        kept.append(connection.execute("SELECT id, word, more FROM kept ORDER BY id").fetchall())
        connection.close()
    assert kept[0] == kept[1]


def test_changes_of_different_rows_are_few_statements() -> None:
    assert [len(some) for _, some in widened(UPDATE, [("a", b"", key) for key in range(25)])] == [24, 1]


def test_changes_of_one_row_stay_apart() -> None:
    assert [len(some) for _, some in widened(UPDATE, [("a", b"", 1), ("b", b"", 2), ("c", b"", 1)])] == [3]
