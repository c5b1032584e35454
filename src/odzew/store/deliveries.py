"""Deliveries, what is owed, and attempts."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple

from odzew.model import Attempt, DeliveryState, Owed
from odzew.store.db import Many, Request, Rows


class Result(NamedTuple):
    """What one attempt made of its delivery. `due_at` None: it is owed no more. `earlier`: attempts of earlier rounds, by which
    the round is known that this one belongs to."""

    attempt: Attempt
    target_id: int
    state: DeliveryState
    first_at: int
    served_us: int
    due_at: int | None
    earlier: int = 0


class Ending(NamedTuple):
    """A delivery that ends without a further attempt. `earlier`: only in the round of which this is so; None: in whichever it is."""

    delivery_id: int
    target_id: int
    state: DeliveryState
    why: str
    at: int
    earlier: int | None = None


def owe(owed: Sequence[Owed]) -> Generator[Request, Any, None]:
    """Stores deliveries in the transaction of their messages."""
    yield Many(
        "INSERT INTO deliveries (id, message_id, target_id, account_id, completion) VALUES (?, ?, ?, ?, ?)",
        [(o.delivery_id, o.message_id, o.target_id, o.account_id, int(o.completion)) for o in owed],
    )
    yield Many("INSERT INTO owed (delivery_id, target_id, due_at) VALUES (?, ?, ?)", [(o.delivery_id, o.target_id, o.due_at) for o in owed])


def record(results: Sequence[Result]) -> Generator[Request, Any, None]:
    """Commits how attempts ended, many at once. What was ended meanwhile keeps its end, and what was sent again its new round."""
    yield Many(
        """INSERT INTO attempts (delivery_id, number, started_at, took_us, outcome, url, address, status, body, detail, delayed, timings)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (delivery_id, number) DO NOTHING""",
        [_attempt_row(result.attempt, result.earlier) for result in results],
    )
    yield Many(
        """UPDATE deliveries SET state = ?, slot = ?, first_at = ?, ended_at = ?, outcome = ?, served_us = ?
           WHERE id = ? AND state = 'pending' AND earlier = ?""",
        [
            (
                r.state, r.attempt.number, r.first_at,
                None if r.due_at is not None else r.attempt.started_at + r.attempt.took_us,
                r.attempt.outcome, r.served_us, r.attempt.delivery_id, r.earlier,
            )
            for r in results
        ],
    )  # fmt: skip
    ended = [r.attempt.delivery_id for r in results if r.due_at is None]
    waiting = [(r.due_at, r.attempt.delivery_id, r.earlier) for r in results if r.due_at is not None]
    if ended:
        yield Rows(_OWED_NO_MORE, (ended,))
    if waiting:
        yield Many(_OWED_LATER, waiting)


_OWED_NO_MORE: Final = """DELETE FROM owed WHERE delivery_id IN_INTS(?)
    AND coalesce((SELECT d.state FROM deliveries d WHERE d.id = owed.delivery_id), '') <> 'pending'"""
"""But for what is pending all the same: a later round of it is owed. A question for each row, by its key: never a join over the table."""
_OWED_LATER: Final = """UPDATE owed SET due_at = ?
    WHERE delivery_id = ? AND (SELECT d.earlier FROM deliveries d WHERE d.id = owed.delivery_id) = ?"""


def _attempt_row(a: Attempt, earlier: int) -> tuple[Any, ...]:
    return (
        a.delivery_id, earlier + a.number, a.started_at, a.took_us, a.outcome, a.url, a.address, a.status,
        a.body, a.detail, int(a.delayed), a.timings,
    )  # fmt: skip


def end(endings: Sequence[Ending]) -> Generator[Request, Any, None]:
    """Ends deliveries without a further attempt: their target is gone or switched off, or they are cut short."""
    yield Many(
        "UPDATE deliveries SET state = ?, outcome = ?, ended_at = ? WHERE id = ? AND state = 'pending' AND earlier = coalesce(?, earlier)",
        [(e.state, e.why, e.at, e.delivery_id, e.earlier) for e in endings],
    )
    yield Rows(_OWED_NO_MORE, ([e.delivery_id for e in endings],))


def due_of_target(target: int, until: int, limit: int, since: int = 0) -> Generator[Request, Any, list[Owed]]:
    """What falls due for a target from `since` on, and by `until`, in order of due time. Leans on owed_target."""
    keys = yield Rows(
        """SELECT due_at, delivery_id FROM owed WHERE target_id = ? AND due_at <= ? AND due_at >= ?
           ORDER BY due_at, delivery_id LIMIT ?""",
        (target, until, since, limit),
    )
    return (yield from _whole([(row[0], row[1]) for row in keys]))


def _whole(keys: list[tuple[int, int]]) -> Generator[Request, Any, list[Owed]]:
    if not keys:
        return []
    rows = yield Rows(
        "SELECT id, target_id, account_id, message_id, slot, first_at, served_us, completion, earlier FROM deliveries WHERE id IN_INTS(?)",
        ([key for _, key in keys],),
    )
    found = {row[0]: row for row in rows}
    owed = []
    for due_at, key in keys:
        if key in found:
            _, target, account, message, slot, first_at, served, completion, earlier = found[key]
            owed.append(Owed(key, target, account, message, due_at, slot, first_at, served, None, bool(completion), earlier))
    return owed


def next_due_of_target(target: int, after: int) -> Generator[Request, Any, int | None]:
    """The first due time of a target's deliveries after that instant, or None. Leans on owed_target."""
    rows = yield Rows("SELECT min(due_at) FROM owed WHERE target_id = ? AND due_at > ?", (target, after))
    due: int | None = rows[0][0]
    return due


def open_of_target(target: int, after: int, limit: int) -> Generator[Request, Any, list[int]]:
    """Ids of what is owed to a target, due or not, in order of id."""
    sql = "SELECT delivery_id FROM owed WHERE target_id = ? AND delivery_id > ? ORDER BY delivery_id LIMIT ?"
    rows = yield Rows(sql, (target, after, limit))
    return [row[0] for row in rows]


def waiting_targets() -> Generator[Request, Any, list[Sequence[Any]]]:
    """Who is owed to: (target_id, account_id, earliest due_at). Skips from target to target along owed_target."""
    rows: list[Sequence[Any]] = yield Rows(
        """WITH RECURSIVE waiting (id) AS (
               SELECT min(target_id) FROM owed
               UNION ALL
               SELECT (SELECT min(o.target_id) FROM owed o WHERE o.target_id > w.id) FROM waiting w WHERE w.id IS NOT NULL)
           SELECT w.id, t.account_id, (SELECT min(o.due_at) FROM owed o WHERE o.target_id = w.id)
           FROM waiting w JOIN targets t ON t.id = w.id"""
    )
    return [row for row in rows if row[2] is not None]


def attempts(delivery: int) -> Generator[Request, Any, list[Attempt]]:
    """The attempts of one delivery, in order."""
    rows = yield Rows(
        """SELECT delivery_id, number, started_at, took_us, outcome, url, address, status, body, detail, delayed, timings
           FROM attempts WHERE delivery_id = ? ORDER BY number""",
        (delivery,),
    )
    found = [Attempt(*row) for row in rows]
    for attempt in found:
        attempt.body, attempt.delayed = bytes(attempt.body or b""), bool(attempt.delayed)
    return found
