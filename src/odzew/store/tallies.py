"""What sources over HTTP brought, as each process counts it. SMPP sources have sessions instead (`store.sessions`)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.clock import DAY
from odzew.store.db import Many, Now, Request, Rows

KEPT: Final = 30 * DAY
"""How long the tallies of a process stay that writes no more (microseconds)."""


@dataclass(slots=True)
class Tally:
    """One source's counts in one process since `since`. `reports` are those about sent MMS; `fault` says why the last refusal was."""

    source_id: int
    process: str
    since: int
    last_message_at: int | None = None
    messages: int = 0
    reports: int = 0
    refused: int = 0
    fault: str = ""


def note(tallies: Sequence[Tally]) -> Generator[Request, Any, None]:
    """Writes how far they are."""
    now: int = yield Now()
    yield Many(
        """INSERT INTO tallies (source_id, process, since, last_message_at, messages, reports, refused, fault)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (source_id, process) DO UPDATE
           SET last_message_at = excluded.last_message_at, messages = excluded.messages, reports = excluded.reports,
               refused = excluded.refused, fault = excluded.fault""",
        [(t.source_id, t.process, t.since, t.last_message_at, t.messages, t.reports, t.refused, t.fault) for t in tallies],
    )
    yield Rows("DELETE FROM tallies WHERE coalesce(last_message_at, since) < ?", (now - KEPT,))


def tallies() -> Generator[Request, Any, list[Tally]]:
    """All of them, by source, the newest process first."""
    sql = """SELECT source_id, process, since, last_message_at, messages, reports, refused, fault FROM tallies
             ORDER BY source_id, since DESC, process"""
    return [Tally(*row) for row in (yield Rows(sql))]
