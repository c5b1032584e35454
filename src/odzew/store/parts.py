"""Sets of parts: what has come of each long message, and when the rest is overdue."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from odzew.store.db import Many, Request, Rows

State = Literal["open", "incomplete", "whole", "past", "echo"]
"""Waiting for parts; a message with a gap; whole; whole, with others under its key since; or all that came was in a whole one before."""

_COLUMNS = "id, key, source_id, sender, recipient, total, state, message_id, moved_at, due_at"


@dataclass(slots=True)
class Held:
    """One part of a set: its arrival, and the digest of what two equal parts have in common. `echo`: a whole set had it when it came."""

    arrival_id: int
    digest: str
    echo: bool = False


@dataclass(slots=True, eq=False)
class PartSet:
    """One long message as far as it has come. `parts` by number; instants in microseconds."""

    id: int
    key: str
    source_id: int
    sender: str
    recipient: str
    total: int
    state: State = "open"
    message_id: int | None = None
    moved_at: int = 0
    due_at: int = 0
    parts: dict[int, Held] = field(default_factory=dict)


def key_of(source_id: int, sender: str, recipient: str, reference: str, total: int) -> str:
    """The word under which the parts of one long message find each other. It is also what is locked."""
    return f"{source_id}\x1f{sender}\x1f{recipient}\x1f{reference}\x1f{total}"


def of_keys(keys: Sequence[str], since: int) -> Generator[Request, Any, dict[str, list[PartSet]]]:
    """The sets under each key that wait for parts, or moved since then, oldest first, with their parts. Leans on part_sets_key."""
    sql = f"""SELECT {_COLUMNS} FROM part_sets
              WHERE key IN_TEXTS(?) AND state NOT IN ('past', 'echo') AND (state = 'open' OR moved_at >= ?) ORDER BY id"""
    sets = [PartSet(*row) for row in (yield Rows(sql, (list(keys), since)))]
    yield from _with_parts(sets)
    found: dict[str, list[PartSet]] = {}
    for one in sets:
        found.setdefault(one.key, []).append(one)
    return found


def _with_parts(sets: Sequence[PartSet]) -> Generator[Request, Any, None]:
    if not sets:
        return
    by_id = {one.id: one for one in sets}
    sql = "SELECT set_id, number, arrival_id, digest, role FROM set_parts WHERE set_id IN_INTS(?) AND role IN ('part', 'echo')"
    for key, number, arrival, digest, role in (yield Rows(sql, (list(by_id),))):
        by_id[key].parts[number] = Held(arrival, digest, role == "echo")


def overdue(now: int, limit: int) -> Generator[Request, Any, list[tuple[str, str]]]:
    """Keys and senders of sets whose missing parts are overdue, the longest waiting first. Leans on part_sets_open."""
    sql = "SELECT key, sender FROM part_sets WHERE state = 'open' AND due_at <= ? ORDER BY due_at LIMIT ?"
    return [(row[0], row[1]) for row in (yield Rows(sql, (now, limit)))]


def waiting() -> Generator[Request, Any, dict[int, int]]:
    """How many parts of each source wait for others."""
    sql = """SELECT s.source_id, count(*) FROM part_sets s JOIN set_parts p ON p.set_id = s.id AND p.role IN ('part', 'echo')
             WHERE s.state = 'open' GROUP BY s.source_id"""
    return {row[0]: row[1] for row in (yield Rows(sql))}


def save(new: Sequence[PartSet], moved: Iterable[PartSet]) -> Generator[Request, Any, None]:
    """Stores sets that were not there and changes of those that were."""
    if new:
        yield Many(
            f"INSERT INTO part_sets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(s.id, s.key, s.source_id, s.sender, s.recipient, s.total, s.state, s.message_id, s.moved_at, s.due_at) for s in new],
        )
    rows = [(s.state, s.message_id, s.moved_at, s.due_at, s.id) for s in moved]
    if rows:
        yield Many("UPDATE part_sets SET state = ?, message_id = ?, moved_at = ?, due_at = ? WHERE id = ?", rows)


PartRow = tuple[int, int, int, str, str]
"""(set, number, arrival, role, digest); the role is the arrival's, or `echo`"""


def add(rows: Sequence[PartRow]) -> Generator[Request, Any, None]:
    """Notes arrivals of sets."""
    if rows:
        yield Many("INSERT INTO set_parts (set_id, number, arrival_id, role, digest) VALUES (?, ?, ?, ?, ?)", rows)


def displace(arrival_ids: Sequence[int]) -> Generator[Request, Any, None]:
    """Makes parts repetitions: what they were taken for came after all."""
    if arrival_ids:
        yield Rows("UPDATE set_parts SET role = 'repeat' WHERE arrival_id IN_INTS(?)", (list(arrival_ids),))
        yield Rows("UPDATE arrivals SET role = 'repeat' WHERE id IN_INTS(?)", (list(arrival_ids),))


def of_arrivals(arrival_ids: Sequence[int]) -> Generator[Request, Any, dict[int, tuple[int, int, str]]]:
    """To which set arrivals belong: {arrival: (set, number, digest)}. Leans on set_parts_arrival."""
    sql = "SELECT arrival_id, set_id, number, digest FROM set_parts WHERE arrival_id IN_INTS(?)"
    return {row[0]: (row[1], row[2], row[3]) for row in (yield Rows(sql, (list(arrival_ids),)))}


def of_arrival(arrival_id: int) -> Generator[Request, Any, PartSet | None]:
    """The set that an arrival belongs to, with its parts, or None. Leans on set_parts_arrival."""
    sql = f"SELECT {_COLUMNS} FROM part_sets WHERE id IN (SELECT set_id FROM set_parts WHERE arrival_id = ?) ORDER BY id DESC LIMIT 1"
    found = [PartSet(*row) for row in (yield Rows(sql, (arrival_id,)))]
    yield from _with_parts(found)
    return found[0] if found else None


def name_messages(set_ids: Sequence[int]) -> Generator[Request, Any, None]:
    """Writes the messages of sets, which are stored, on all that came of them and has no message's name yet."""
    if set_ids:
        yield Rows(
            """UPDATE arrivals SET message_id = (
                   SELECT s.message_id FROM set_parts p JOIN part_sets s ON s.id = p.set_id WHERE p.arrival_id = arrivals.id)
               WHERE message_id IS NULL AND id IN (SELECT arrival_id FROM set_parts WHERE set_id IN_INTS(?))""",
            (list(set_ids),),
        )
