"""The words in which the engines differ: how they are written for each, and that each engine then means the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from odzew.store.db import Database, statement
from odzew.store.words import for_postgres, for_sqlite

# what units write, SQLite's, PostgreSQL's
WRITTEN = (
    ("SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = $1 AND c = $2"),
    ("SELECT 1", "SELECT 1", "SELECT 1"),
    ("x IN_INTS(?)", "x IN (SELECT value FROM json_each(?))", "x = ANY($1::bigint[])"),
    ("x IN_TEXTS(?) AND y = ?", "x IN (SELECT value FROM json_each(?)) AND y = ?", "x = ANY($1::text[]) AND y = $2"),
    ("FROM EACH_JSON(?)", "FROM json_each(?)", "FROM jsonb_array_elements($1::jsonb) AS each_json(value)"),
    ("JSON_INT(value, 0)", "json_extract(value, '$[0]')", "((value ->> 0)::bigint)"),
    ("JSON_TEXT(e.value, 12)", "json_extract(e.value, '$[12]')", "(e.value ->> 12)"),
    ("ORDER BY id FOR_UPDATE", "ORDER BY id ", "ORDER BY id FOR UPDATE"),
    ("LIMIT ? SKIP_LOCKED", "LIMIT ? ", "LIMIT $1 FOR UPDATE SKIP LOCKED"),
    ("ORDER BY name COLLATE_BYTES", "ORDER BY name ", 'ORDER BY name COLLATE "C"'),
    ("BYTES_LENGTH(raw)", "length(raw)", "octet_length(raw)"),
    ("PLACE_OF(text, ?) > 0", "instr(text, ?) > 0", "strpos(text, $1) > 0"),
)


@pytest.mark.parametrize(("sql", "sqlite", "postgres"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_written(sql: str, sqlite: str, postgres: str) -> None:
    assert for_sqlite(sql) == sqlite
    assert for_postgres(sql) == postgres


PAIRS = json.dumps([[1, "b"], [2, "Ł"], [3, "a"]])
# a question, its parameters, the answer of both engines
MEANT: tuple[tuple[str, tuple[Any, ...], list[tuple[Any, ...]]], ...] = (
    ("SELECT name FROM changes WHERE name IN_TEXTS(?) ORDER BY name", (["due", "targets", "x"],), [("due",), ("targets",)]),
    ("SELECT name FROM changes WHERE name IN_TEXTS(?)", ([],), []),
    ("SELECT count(*) FROM changes WHERE name <> 'suspects' AND counter IN_INTS(?)", ([0, 1, 1 << 62],), [(4,)]),
    ("SELECT count(*) FROM changes WHERE counter IN_INTS(?)", ([],), [(0,)]),
    ("SELECT JSON_INT(value, 0), JSON_TEXT(value, 1) FROM EACH_JSON(?) ORDER BY JSON_TEXT(value, 1) COLLATE_BYTES", (PAIRS,),
     [(3, "a"), (1, "b"), (2, "Ł")]),
    ("SELECT JSON_INT(value, 0) + ? FROM EACH_JSON(?) WHERE JSON_INT(value, 0) > 2", (1 << 40, PAIRS), [(3 + (1 << 40),)]),
    ("SELECT count(*) FROM EACH_JSON(?)", ("[]",), [(0,)]),
    ("SELECT name FROM changes WHERE PLACE_OF(name, ?) > 1 ORDER BY name", ("irect",), [("directory",)]),
    ("SELECT count(*) FROM changes WHERE PLACE_OF(name, ?) > 0", ("%",), [(0,)]),
    ("SELECT name FROM changes WHERE name >= ? ORDER BY name COLLATE_BYTES LIMIT ?", ("m", 1), [("messages",)]),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "parameters", "expected"), MEANT, ids=[f"{row[0]} {row[1]}" for row in MEANT])
async def test_meant(db: Database, sql: str, parameters: tuple[Any, ...], expected: list[tuple[Any, ...]]) -> None:
    assert [tuple(row) for row in await db.read(statement, sql, *parameters)] == expected


async def test_rows_may_be_locked_in_a_unit(db: Database) -> None:
    rows = await db.write(statement, "SELECT name FROM changes ORDER BY name LIMIT ? SKIP_LOCKED", 2)
    assert [row[0] for row in rows] == ["directory", "due"]
    rows = await db.write(statement, "SELECT name FROM changes WHERE name = ? FOR_UPDATE", "due")
    assert [row[0] for row in rows] == ["due"]


async def test_the_length_of_octets_is_counted_in_octets(db: Database) -> None:
    sql = """INSERT INTO arrivals (id, source_id, stored_at, sender, recipient, raw) VALUES (1, 1, 1, '', '', ?)
             RETURNING BYTES_LENGTH(raw), raw"""
    ((length, raw),) = await db.write(statement, sql, b"\x00\xff\xc5\x81")
    assert (length, bytes(raw)) == (4, b"\x00\xff\xc5\x81")
