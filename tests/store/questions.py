"""How an engine would answer a question, for tests that insist on an index."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from odzew.store.db import Database, MakeUnit, Request, Rows


async def plan(db: Database, unit: MakeUnit, *args: Any) -> list[str]:
    """The lines of the plan for the first question that the unit asks. A small table must not look cheap enough to be walked."""
    postgres = db.engine == "postgres"

    def explained() -> Generator[Request, Any, list[str]]:
        request = next(unit(*args))
        assert isinstance(request, Rows)
        if postgres:
            yield Rows("SET LOCAL enable_seqscan = off")
        rows = yield Rows(("EXPLAIN " if postgres else "EXPLAIN QUERY PLAN ") + request.sql, request.parameters)
        return [str(row[0] if postgres else row[3]) for row in rows]

    lines: list[str] = await db.write(explained)
    return lines
