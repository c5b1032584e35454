"""Arrivals: what came, exactly as it came."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Any

from odzew.model import Arrival
from odzew.store.db import Many, Request, Rows

Ref = tuple[int, str]  # a source and its own id of an arrival
ADDRESS = 64  # characters kept of an address that cannot be read


def known(refs: Iterable[Ref]) -> Generator[Request, Any, dict[Ref, tuple[int | None, str]]]:
    """Which of these have arrived before: the message's id (None: unreadable) and kind. Leans on arrivals_ref."""
    by_source: dict[int, list[str]] = {}
    for source, ref in refs:
        by_source.setdefault(source, []).append(ref)
    found: dict[Ref, tuple[int | None, str]] = {}
    sql = """SELECT a.ref, a.message_id, m.kind FROM arrivals a LEFT JOIN messages m ON m.id = a.message_id
             WHERE a.source_id = ? AND a.ref IN_TEXTS(?)"""
    for source, wanted in by_source.items():
        for ref, message, kind in (yield Rows(sql, (source, wanted))):
            found[source, ref] = (message, kind or "unreadable")
    return found


def add(rows: Sequence[tuple[Any, ...]]) -> Generator[Request, Any, None]:
    """Stores arrivals; a row is what `row_of` gives."""
    yield Many(
        """INSERT INTO arrivals (id, source_id, ref, message_id, stored_at, network_time, sender, recipient, raw, fault, extra)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        rows,
    )


def row_of(key: int, arrival: Arrival, message: int | None, stored_at: int, fault: str | None = None) -> tuple[Any, ...]:
    """The row of one arrival, whose addresses and ref the engines can store (`inbox.receive` has cleaned them)."""
    extra = json.dumps(arrival.extra) if arrival.extra else None
    sender, recipient = arrival.sender[:ADDRESS], arrival.recipient[:ADDRESS]
    network_time = arrival.network_time if arrival.network_time is not None and abs(arrival.network_time) < 1 << 63 else None
    return (key, arrival.source_id, arrival.ref, message, stored_at, network_time, sender, recipient, arrival.raw, fault, extra)


def unreadable(after: int, limit: int) -> Generator[Request, Any, list[Sequence[Any]]]:
    """Those that could not be read, in order of storing: (id, source_id, stored_at, sender, recipient, raw, fault). Leans on
    arrivals_unreadable."""
    rows: list[Sequence[Any]] = yield Rows(
        """SELECT id, source_id, stored_at, sender, recipient, raw, fault FROM arrivals
           WHERE message_id IS NULL AND id > ? ORDER BY id LIMIT ?""",
        (after, limit),
    )
    return rows


def of_message(message: int) -> Generator[Request, Any, list[Sequence[Any]]]:
    """The arrivals of one message: (id, source_id, stored_at, network_time, sender, recipient, raw). Leans on arrivals_message."""
    rows: list[Sequence[Any]] = yield Rows(
        "SELECT id, source_id, stored_at, network_time, sender, recipient, raw FROM arrivals WHERE message_id = ? ORDER BY id", (message,)
    )
    return rows
