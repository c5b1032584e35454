"""Arrivals: what came, exactly as it came."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from odzew.model import Arrival, Role
from odzew.store.db import Many, Request, Rows

Ref = tuple[int, str]  # a source and its own id of an arrival
ADDRESS = 64  # characters kept of an address that cannot be read


def known(refs: Iterable[Ref]) -> Generator[Request, Any, dict[Ref, tuple[int | None, str]]]:
    """Which of these have arrived before: the message's id (None: there is none) and kind, or the arrival's role. Leans on arrivals_ref."""
    by_source: dict[int, list[str]] = {}
    for source, ref in refs:
        by_source.setdefault(source, []).append(ref)
    found: dict[Ref, tuple[int | None, str]] = {}
    sql = """SELECT a.ref, a.message_id, coalesce(m.kind, a.role) FROM arrivals a LEFT JOIN messages m ON m.id = a.message_id
             WHERE a.source_id = ? AND a.ref IN_TEXTS(?)"""
    for source, wanted in by_source.items():
        for ref, message, kind in (yield Rows(sql, (source, wanted))):
            found[source, ref] = (message, kind)
    return found


def add(rows: Sequence[tuple[Any, ...]]) -> Generator[Request, Any, None]:
    """Stores arrivals; a row is what `row_of` gives."""
    yield Many(
        """INSERT INTO arrivals (id, source_id, ref, message_id, stored_at, network_time, sender, recipient, raw, fault, extra, role,
                                 session_id)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        rows,
    )


def row_of(
    key: int, arrival: Arrival, message: int | None, stored_at: int, role: Role = "message", fault: str | None = None
) -> tuple[Any, ...]:
    """The row of one arrival, whose addresses and ref the engines can store (`inbox.receive` has cleaned them)."""
    extra = json.dumps(arrival.extra) if arrival.extra else None
    sender, recipient = arrival.sender[:ADDRESS], arrival.recipient[:ADDRESS]
    network_time = arrival.network_time if arrival.network_time is not None and abs(arrival.network_time) < 1 << 63 else None
    return (
        key, arrival.source_id, arrival.ref, message, stored_at, network_time, sender, recipient, arrival.raw, fault, extra, role,
        arrival.session_id,
    )  # fmt: skip


@dataclass(slots=True, frozen=True)
class AsideRow:
    """An arrival that is no message of its own: what came, and what it was taken for. `message_id`: of the message it repeats."""

    id: int
    source_id: int
    stored_at: int
    sender: str
    recipient: str
    raw: bytes
    fault: str | None
    message_id: int | None
    extra: dict[str, str]
    network_time: int | None = None


_ASIDE = "id, source_id, stored_at, sender, recipient, raw, fault, message_id, extra, network_time"


def aside(role: Role, after: int, limit: int) -> Generator[Request, Any, list[AsideRow]]:
    """Those of one role but messages and parts, in order of storing. Leans on arrivals_aside."""
    sql = f"SELECT {_ASIDE} FROM arrivals WHERE role = ? AND role NOT IN ('message', 'part') AND id > ? ORDER BY id LIMIT ?"
    return [_aside(row) for row in (yield Rows(sql, (role, after, limit)))]


def get(ids: Sequence[int], role: Role, hold: bool = False) -> Generator[Request, Any, list[AsideRow]]:
    """Arrivals by id, of this role only. `hold`: nobody else changes them until the commit."""
    sql = f"SELECT {_ASIDE} FROM arrivals WHERE id IN_INTS(?) AND role = ? ORDER BY id {'FOR_UPDATE' if hold else ''}"
    return [_aside(row) for row in (yield Rows(sql, (list(ids), role)))]


def _aside(row: Sequence[Any]) -> AsideRow:
    key, source, stored_at, sender, recipient, raw, fault, message, extra, time = row
    return AsideRow(key, source, stored_at, sender, recipient, bytes(raw), fault, message, json.loads(extra) if extra else {}, time)


def raw_of(ids: Sequence[int]) -> Generator[Request, Any, dict[int, tuple[bytes, int | None]]]:
    """{arrival: (its octets, the network's time)}"""
    rows = yield Rows("SELECT id, raw, network_time FROM arrivals WHERE id IN_INTS(?)", (list(ids),))
    return {row[0]: (bytes(row[1]), row[2]) for row in rows}


def messages_of(ids: Sequence[int]) -> Generator[Request, Any, dict[int, int | None]]:
    """{arrival: the message that it became or belongs to}"""
    return {row[0]: row[1] for row in (yield Rows("SELECT id, message_id FROM arrivals WHERE id IN_INTS(?)", (list(ids),)))}


def forget(ids: Sequence[int]) -> Generator[Request, Any, None]:
    """Takes away rows whose octets another row has (released copies)."""
    yield Rows("DELETE FROM set_parts WHERE arrival_id IN_INTS(?)", (list(ids),))
    yield Rows("DELETE FROM arrivals WHERE id IN_INTS(?)", (list(ids),))


def of_message(message: int) -> Generator[Request, Any, list[Sequence[Any]]]:
    """The arrivals of one message: (id, source_id, stored_at, network_time, sender, recipient, raw, role). Leans on arrivals_message."""
    rows: list[Sequence[Any]] = yield Rows(
        """SELECT id, source_id, stored_at, network_time, sender, recipient, raw, role FROM arrivals
           WHERE message_id = ? ORDER BY id""",
        (message,),
    )
    return rows


@dataclass(slots=True, frozen=True)
class ArrivalHead:
    """What became of an arrival. `message_id`: of the message that it is, belongs to or repeats."""

    id: int
    source_id: int
    stored_at: int
    sender: str
    recipient: str
    role: Role
    message_id: int | None
    fault: str | None


def head(key: int) -> Generator[Request, Any, ArrivalHead | None]:
    """One arrival without its octets, or None."""
    rows = yield Rows("SELECT id, source_id, stored_at, sender, recipient, role, message_id, fault FROM arrivals WHERE id = ?", (key,))
    return ArrivalHead(*rows[0]) if rows else None
