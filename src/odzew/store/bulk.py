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

SIZES: Final = (64, 16, 4)
"""Rows in one statement: few sizes, so that the statements stay prepared."""
MOST: Final = 2_000
"""Parameters in one statement. SQLite takes 32,766, older builds 999; what is prepared has to be kept."""

_unpack: Final = msgspec.json.Decoder(list[list[Any]]).decode
_insert = re.compile(r"(INSERT INTO .*?\bVALUES\s*)(\((?:\?, )*\?\))(.*)", re.DOTALL | re.IGNORECASE).fullmatch


@lru_cache(maxsize=256)
def _wide(sql: str, size: int) -> str | None:
    """The statement for so many rows, or None where it cannot have several."""
    found = _insert(sql)
    if found is None or "?" in found[3]:
        return None
    return found[1] + ", ".join([found[2]] * size) + found[3]


def widened(sql: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Sequence[Sequence[Any]]]]:
    """The rows in statements of several rows each, (statement, its rows); what is left over in the one that was given."""
    start, count = 0, len(rows)
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
