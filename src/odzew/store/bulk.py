"""Statements of SQLite's driver with many rows, in and out, in few steps.

`sqlite3` lets go of the interpreter for each step of a statement, and with a busy loop beside the writer every row would then wait
for its turn. A statement with many rows is one step.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from odzew.store.db import Rows
from odzew.store.words import for_sqlite, packed_for_sqlite

SIZES: Final = (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2)
"""Rows in one statement: few sizes, so that the statements stay prepared, and two or three of them for any batch."""
MOST: Final = 2_000
"""Parameters in one statement. SQLite takes 32,766, older builds 999; what is prepared has to be kept."""

_unpack: Final = msgspec.json.Decoder(list[list[Any]]).decode
_insert = re.compile(r"(INSERT INTO .*?\bVALUES\s*)(\((?:\?, )*\?\))(.*)", re.DOTALL | re.IGNORECASE).fullmatch
_update = re.compile(r"UPDATE\s+(\w+)\s+SET\s+(\w+ = \?(?:,\s+\w+ = \?)*)\s+WHERE\s+(\w+) = \?(\s+AND [^?]*)?", re.IGNORECASE).fullmatch


@lru_cache(maxsize=256)
def _wide(sql: str, size: int) -> str | None:
    """The statement for so many rows, or None where it cannot have several."""
    inserted, updated = _insert(sql), _update(sql)
    if inserted is not None and "?" not in inserted[3]:
        return inserted[1] + ", ".join([inserted[2]] * size) + inserted[3]
    return None if updated is None else _wide_update(updated, size)


def _wide_update(found: re.Match[str], size: int) -> str:
    """Rows of new values and the key that tells whose they are; the key comes last."""
    table, sets, key, rest = found.groups(default="")
    columns = [part.partition(" = ")[0].strip() for part in sets.split(",")]
    names = [f"v{number}" for number in range(len(columns) + 1)]
    values = ", ".join(["(" + ", ".join("?" * len(names)) + ")"] * size)
    changed = ", ".join(f"{column} = given.{name}" for column, name in zip(columns, names, strict=False))
    given = f"WITH given ({', '.join(names)}) AS (VALUES {values})"
    return f"{given} UPDATE {table} SET {changed} FROM given WHERE {key} = given.{names[-1]}{rest}"


def widened(sql: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Sequence[Sequence[Any]]]]:
    """The rows in statements of several rows each, (statement, its rows); what is left over in the one that was given."""
    start, count = 0, len(rows)
    if sql[:6].upper() == "UPDATE" and len({row[-1] for row in rows}) < count:
        yield sql, rows  # two changes of one row: one after the other
        return
    for size in SIZES:
        if count - start < size or size * len(rows[0]) > MOST:
            continue
        wide = _wide(sql, size)
        if wide is None:
            break
        while count - start >= size:
            yield wide, rows[start : start + size]
            start += size
    if start < count:
        yield sql, rows[start:]


def rows(connection: sqlite3.Connection, request: Rows) -> list[Any]:
    """The rows of one statement."""
    parameters = _parameters(request.parameters)
    if not request.packed:
        return connection.execute(for_sqlite(request.sql), parameters).fetchall()
    # sqlite3 lets go of the interpreter for each row; with a busy loop beside it, each row would wait for its turn.
    ((text,),) = connection.execute(packed_for_sqlite(request.sql, request.packed), parameters)
    return _unpack(text)


def many(connection: sqlite3.Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """One statement for each of the rows."""
    for statement, some in widened(sql, rows):
        if statement is sql:
            connection.executemany(sql, some)
        else:
            connection.execute(statement, [value for row in some for value in row])


def _parameters(parameters: Sequence[Any]) -> Sequence[Any]:
    for value in parameters:
        if type(value) is list:
            return tuple(json.dumps(value) if type(value) is list else value for value in parameters)
    return parameters
