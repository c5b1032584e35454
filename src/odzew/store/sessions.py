"""Sessions of networks that send again what a lost session left unanswered (SMPP), and the arrivals that may then come twice.

An SMSC numbers its PDUs anew on each session and gives no id. So, when a session is lost, its arrivals whose answer may not have
reached the network become suspects: what comes later from the same source with equal octets after the header is taken for a
copy, once for each suspect. A session notes now and then up to which arrival all is settled, so that after a crash only what
came after that is suspected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.clock import DAY, MINUTE
from odzew.store.db import Lock, Many, Now, Request, Rows, one

SUSPECTED: Final = 10 * MINUTE
"""How long after the next session's opening a repetition is looked for."""
UNTIL_OPENED: Final = DAY
KEPT: Final = 20  # ended sessions of each slot
HEADER: Final = 16  # octets of a PDU that a repetition does not share
_LOCK: Final = "suspects"  # so that of two that count until when any is looked for, one sees the other's


@dataclass(slots=True)
class Progress:
    """What a session has to report of itself. `settled` 0: no change; instants None: not yet."""

    settled: int = 0
    last_message_at: int | None = None
    last_link_at: int | None = None
    messages: int = 0
    receipts: int = 0
    refused: int = 0
    malformed: int = 0
    fault: str = ""


@dataclass(slots=True, frozen=True)
class SessionRow:
    """One session as it is shown. `ended_at` None: it is open, or its process died. `live` says that its process is there."""

    id: int
    source_id: int
    slot: int
    process: str
    host: str
    opened_at: int
    last_message_at: int | None
    last_link_at: int | None
    messages: int
    receipts: int
    refused: int
    malformed: int
    fault: str
    ended_at: int | None
    why: str


Candidate = tuple[int, bytes]
"""An arrival's id and the digest of what a repetition would have in common with it."""


def digest_of(pdu: bytes) -> bytes:
    """The digest of what a repetition of this PDU would have in common with it."""
    return hashlib.sha256(pdu[HEADER:]).digest()


def open_session(source_id: int, slot: int, process: str, host: str) -> Generator[Request, Any, int]:
    """Begins a session of a source's bind: its id. One of the same slot that never ended died with its process: its last arrivals
    become suspects now. Those of earlier losses are looked for from now on."""
    yield Lock((_LOCK,))
    now: int = yield Now()
    rows = yield Rows("SELECT id, settled FROM sessions WHERE source_id = ? AND slot = ? AND ended_at IS NULL", (source_id, slot))
    for session, settled in rows:
        stored = yield Rows("SELECT id, raw FROM arrivals WHERE id > ? AND session_id = ? ORDER BY id", (settled, session))
        candidates = [(row[0], digest_of(bytes(row[1]))) for row in stored]
        yield from _suspect(source_id, candidates, now + UNTIL_OPENED)
        yield from _end(session, "its process was gone", now)
    opened_now = "UPDATE suspects SET until = CASE WHEN until > ? THEN ? ELSE until END, unopened = 0 WHERE source_id = ? AND unopened = 1"
    yield Rows(opened_now, (now + SUSPECTED, now + SUSPECTED, source_id))
    yield Rows("DELETE FROM suspects WHERE until < ?", (now,))
    yield Rows("UPDATE changes SET counter = (SELECT coalesce(max(until), 0) FROM suspects) WHERE name = 'suspects'")
    yield Rows(
        """DELETE FROM sessions WHERE source_id = ? AND slot = ? AND id <= (
               SELECT id FROM sessions WHERE source_id = ? AND slot = ? ORDER BY id DESC LIMIT 1 OFFSET ?)""",
        (source_id, slot, source_id, slot, KEPT),
    )
    row = yield from one("SELECT coalesce(max(id), 0) FROM arrivals")
    assert row is not None
    sql = "INSERT INTO sessions (source_id, slot, process, host, opened_at, settled) VALUES (?, ?, ?, ?, ?, ?) RETURNING id"
    opened = yield from one(sql, source_id, slot, process, host, now, row[0])
    assert opened is not None
    yield Rows("DELETE FROM unbound WHERE source_id = ? AND slot = ?", (source_id, slot))
    return int(opened[0])


def not_bound(source_id: int, slot: int, host: str, why: str) -> Generator[Request, Any, None]:
    """Notes why the last try to bind failed, for whoever looks; the next session takes the note away."""
    now: int = yield Now()
    yield Rows(
        """INSERT INTO unbound (source_id, slot, at, host, why) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (source_id, slot) DO UPDATE SET at = excluded.at, host = excluded.host, why = excluded.why""",
        (source_id, slot, now, host, why),
    )


def unbound() -> Generator[Request, Any, dict[tuple[int, int], tuple[int, str, str]]]:
    """{(source, slot): (when the last try failed, which host, why)} of binds that are tried in vain."""
    rows = yield Rows("SELECT source_id, slot, at, host, why FROM unbound")
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


def settle(session_id: int, progress: Progress) -> Generator[Request, Any, None]:
    """Notes how far a session is."""
    p = progress
    yield Rows(
        """UPDATE sessions SET settled = CASE WHEN ? > settled THEN ? ELSE settled END, last_message_at = ?, last_link_at = ?,
                  messages = ?, receipts = ?, refused = ?, malformed = ?, fault = ?
           WHERE id = ?""",
        (p.settled, p.settled, p.last_message_at, p.last_link_at, p.messages, p.receipts, p.refused, p.malformed, p.fault, session_id),
    )


def end_session(session_id: int, candidates: Sequence[Candidate], why: str, progress: Progress) -> Generator[Request, Any, None]:
    """Ends a session; `candidates` are its arrivals that the network may send again."""
    yield Lock((_LOCK,))
    now: int = yield Now()
    yield from settle(session_id, progress)
    row = yield from one("SELECT source_id, ended_at FROM sessions WHERE id = ?", session_id)
    if row is None or row[1] is not None:
        return  # another process took it for dead and has seen to its arrivals
    yield from _end(session_id, why, now)
    others = yield from one("SELECT 1 FROM sessions WHERE source_id = ? AND ended_at IS NULL", row[0])
    if others is None:
        # What was to come over the others may come over the next one too.
        sql = "UPDATE suspects SET until = ? WHERE source_id = ? AND unopened = 1 AND until >= ?"
        yield Rows(sql, (now + UNTIL_OPENED, row[0], now))
        yield from _look_until(now + UNTIL_OPENED)
    # Beside open ones nobody waits for the next: the network sends again over them.
    yield from _suspect(row[0], candidates, now + (UNTIL_OPENED if others is None else SUSPECTED))


def _end(session_id: int, why: str, now: int) -> Generator[Request, Any, None]:
    yield Rows("UPDATE sessions SET ended_at = ?, why = ? WHERE id = ?", (now, why, session_id))


def _suspect(source_id: int, candidates: Sequence[Candidate], until: int) -> Generator[Request, Any, None]:
    if not candidates:
        return
    yield Many(
        "INSERT INTO suspects (source_id, digest, arrival_id, until) VALUES (?, ?, ?, ?)",
        [(source_id, digest.hex(), arrival, until) for arrival, digest in candidates],
    )
    yield from _look_until(until)


def _look_until(until: int) -> Generator[Request, Any, None]:
    # Read with each batch: while it lies in the past, nobody looks for suspects.
    yield Rows("UPDATE changes SET counter = ? WHERE name = 'suspects' AND counter < ?", (until, until))


def use_up(wanted: Sequence[tuple[int, int, bytes]], now: int) -> Generator[Request, Any, dict[int, int]]:
    """Which of the arrivals (index, source, digest) repeat a suspect: {index: id of the first arrival}. Each suspect is used once.

    Leans on suspects_digest.
    """
    digests = sorted({digest.hex() for _, _, digest in wanted})
    # Held: another process may be using up the same ones. Its turn over, what it left is found here.
    sql = "SELECT source_id, digest, id, arrival_id FROM suspects WHERE digest IN_TEXTS(?) AND until >= ? ORDER BY id FOR_UPDATE"
    found: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for source, digest, key, arrival in (yield Rows(sql, (digests, now))):
        found.setdefault((source, digest), []).append((key, arrival))
    taken: dict[int, tuple[int, int]] = {}
    for index, source, digest in wanted:
        if candidates := found.get((source, digest.hex())):
            taken[index] = candidates.pop(0)
    if not taken:
        return {}
    yield Rows("DELETE FROM suspects WHERE id IN_INTS(?)", ([key for key, _ in taken.values()],))
    return {index: arrival for index, (_, arrival) in taken.items()}


def recent(limit: int = 200) -> Generator[Request, Any, list[SessionRow]]:
    """The newest sessions, open ones first."""
    rows = yield Rows(
        """SELECT id, source_id, slot, process, host, opened_at, last_message_at, last_link_at, messages, receipts, refused,
                  malformed, fault, ended_at, why
           FROM sessions ORDER BY CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END, id DESC LIMIT ?""",
        (limit,),
    )
    return [SessionRow(*row) for row in rows]
