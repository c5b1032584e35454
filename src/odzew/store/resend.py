"""Deliveries sent again: each gets a new round of attempts, with the `webhook-id` that it had.

What is still owed is left as it is: a delivery is never in flight twice. Callers go window by window, each a short transaction.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from odzew.clock import MINUTE, SECOND
from odzew.store.changes import bump
from odzew.store.db import Database, Many, Now, Request, Rows, lengthy, one
from odzew.store.deliveries import Ending, end
from odzew.store.delivery_list import ENDED, WALKED, Wanted, conditions

AT_ONCE: Final = 1_000
"""Deliveries in one transaction."""
AGAIN: Final = ("exhausted", "cancelled")
DROPPED: Final = "dropped"
"""Why a delivery was cancelled when its target was resumed."""
UNDER_WAY: Final = 5 * MINUTE
"""So long after it was dropped a call of a delivery may still be under way, and its outcome on its way here."""

Place = tuple[int, int]
"""How far a filter has been worked off: (when it ended, id); for what was delivered only the id counts."""


@dataclass(slots=True)
class Resent:
    """What became of deliveries that were to be sent again.

    `target_off`: their target is switched off or removed; `still_owed`: their round is not over; `delivered`: they were, and that was
    not asked for; `unknown`: there are none of these ids; `paused`: of those sent again, how many wait for a paused target.
    """

    sent_again: int = 0
    target_off: int = 0
    still_owed: int = 0
    delivered: int = 0
    unknown: int = 0
    paused: int = 0

    def add(self, other: Resent) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@dataclass(slots=True, frozen=True)
class Pace:
    """When they fall due: the first at `begun`, `rate` of them a second. `sent`: how many of the same command came before."""

    begun: int
    rate: float
    sent: int = 0

    def due(self, number: int, now: int) -> int:
        """When the `number`th (from 0) of this window is due."""
        return max(now, self.begun + round((self.sent + number) * SECOND / self.rate))


def now() -> Generator[Request, Any, int]:
    """The instant by the database's clock."""
    instant: int = yield Now()
    return instant


def of_message(message: int) -> Generator[Request, Any, list[int]]:
    """Ids of the deliveries of a message. Leans on deliveries_message."""
    return [row[0] for row in (yield Rows("SELECT id FROM deliveries WHERE message_id = ? ORDER BY id", (message,)))]


@lengthy
def resend(ids: Sequence[int], pace: Pace, delivered: bool = False, dry_run: bool = False) -> Generator[Request, Any, Resent]:
    """Sends these again, at most `AT_ONCE`. `delivered`: also what was delivered. `dry_run`: only counts."""
    wanted = sorted(set(ids))
    hold = "" if dry_run else "FOR_UPDATE"  # in one order, so that two of us never wait for each other in a circle
    rows = yield Rows(f"SELECT id, target_id, state FROM deliveries WHERE id IN_INTS(?) ORDER BY id {hold}", (wanted,))
    states = (*AGAIN, "delivered") if delivered else AGAIN
    done = Resent(unknown=len(wanted) - len(rows))
    on, paused = yield from _targets(sorted({row[1] for row in rows}))
    chosen: list[tuple[int, int]] = []
    for key, target, state in rows:
        if state == "pending":
            done.still_owed += 1
        elif state not in states:
            done.delivered += 1
        elif target not in on:
            done.target_off += 1
        else:
            chosen.append((key, target))
    done.sent_again, done.paused = len(chosen), sum(target in paused for _, target in chosen)
    if chosen and not dry_run:
        yield from _owe_again(chosen, pace)
    return done


@lengthy
def resend_window(wanted: Wanted, after: Place, pace: Pace, dry_run: bool = False) -> Generator[Request, Any, tuple[Resent, Place | None]]:
    """The same for the next window of a filter (its state is one that has ended): and where it goes on, or None."""
    ids, place = yield from (_ended if wanted.state in ENDED else _delivered)(wanted, after)
    done: Resent = yield from resend(ids, pace, wanted.state == "delivered", dry_run)
    return done, place


def newest_delivery() -> Generator[Request, Any, int]:
    """The largest id of a delivery; 0 where there is none."""
    row = yield from one("SELECT coalesce(max(id), 0) FROM deliveries")
    assert row is not None
    return int(row[0])


@lengthy
def put_off(target: int, pace: Pace) -> Generator[Request, Any, int]:
    """Gives the next window of what fell due to a target before `pace.begun` a due time from now on: how many. Leans on owed_target.

    So the time of a pause is not counted as time in which its target was being served (contract 5.5).
    """
    instant: int = yield Now()
    sql = "SELECT delivery_id FROM owed WHERE target_id = ? AND due_at < ? ORDER BY due_at, delivery_id LIMIT ?"
    rows = yield Rows(sql, (target, pace.begun, AT_ONCE))
    if rows:
        put = [(pace.due(number, instant), row[0]) for number, row in enumerate(rows)]
        yield Many("UPDATE owed SET due_at = ? WHERE delivery_id = ?", put)
    return len(rows)


@lengthy
def drop_owed(target: int, until: int) -> Generator[Request, Any, int]:
    """Cancels what is owed to a target, of ids up to `until`, a window of them: how many. Leans on owed_target."""
    at: int = yield Now()
    sql = "SELECT delivery_id FROM owed WHERE target_id = ? AND delivery_id <= ? ORDER BY due_at, delivery_id LIMIT ?"
    rows = yield Rows(sql, (target, until, AT_ONCE))
    if rows:
        yield from end([Ending(row[0], target, "cancelled", DROPPED, at) for row in rows])
    return len(rows)


def _targets(ids: Sequence[int]) -> Generator[Request, Any, tuple[set[int], set[int]]]:
    """Which of these targets are switched on, and which are paused."""
    on = yield Rows("SELECT id FROM targets WHERE id IN_INTS(?) AND active = 1 AND removed_at IS NULL", (list(ids),))
    paused = yield Rows("SELECT target_id FROM target_states WHERE target_id IN_INTS(?) AND paused_at IS NOT NULL", (list(ids),))
    return {row[0] for row in on}, {row[0] for row in paused}


def _owe_again(chosen: Sequence[tuple[int, int]], pace: Pace) -> Generator[Request, Any, None]:
    """`earlier` tells the rounds apart. Where a call may be under way its number is kept for it, though there may be none.

    So is one where a round ended without any attempt: else that end, stored once more, would be the new round's too.
    """
    instant: int = yield Now()
    yield Rows(
        """UPDATE deliveries SET state = 'pending', slot = 0, first_at = NULL, ended_at = NULL, outcome = '', served_us = 0,
                  earlier = coalesce(
                      (SELECT max(a.number) FROM attempts a
                       WHERE a.delivery_id = deliveries.id AND a.number > deliveries.earlier + deliveries.slot),
                      earlier + slot + CASE WHEN outcome = ? AND ended_at >= ? OR state = 'exhausted' AND slot = 0 THEN 1 ELSE 0 END)
           WHERE id IN_INTS(?)""",
        (DROPPED, instant - UNDER_WAY, [key for key, _ in chosen]),
    )
    yield Many(
        "INSERT INTO owed (delivery_id, target_id, due_at) VALUES (?, ?, ?)",
        [(key, target, pace.due(number, instant)) for number, (key, target) in enumerate(chosen)],
    )
    yield from bump("due")


def _ended(wanted: Wanted, after: Place) -> Generator[Request, Any, tuple[list[int], Place | None]]:
    """Those that did not arrive, in the order in which they ended. Leans on deliveries_ended and its brothers."""
    clauses, values = conditions(wanted, "d.ended_at")
    where = " AND ".join([*clauses, "(d.ended_at, d.id) > (?, ?)"])
    sql = f"SELECT d.id, d.ended_at FROM deliveries d WHERE {where} ORDER BY d.ended_at, d.id LIMIT ?"
    rows = yield Rows(sql, [*values, *after, AT_ONCE])
    return [row[0] for row in rows], (rows[-1][1], rows[-1][0]) if len(rows) == AT_ONCE else None


def _delivered(wanted: Wanted, after: Place) -> Generator[Request, Any, tuple[list[int], Place | None]]:
    """Those that were delivered, by walking along the ids: a bounded way for each window."""
    row = yield from one("SELECT max(id) FROM (SELECT id FROM deliveries WHERE id > ? ORDER BY id LIMIT ?) AS walked", after[1], WALKED)
    if row is None or row[0] is None:
        return [], None
    clauses, values = conditions(wanted, "d.ended_at")
    where = " AND ".join([*clauses, "d.id > ?", "d.id <= ?"])
    rows = yield Rows(f"SELECT d.id FROM deliveries d WHERE {where} ORDER BY d.id LIMIT ?", [*values, after[1], row[0], AT_ONCE])
    ids = [found[0] for found in rows]
    return ids, (0, ids[-1] if len(ids) == AT_ONCE else row[0])


async def drop_all(db: Database, target: int) -> int:
    """Cancels all that is owed to a target now, a window at a time; how many. For one that is still paused: nothing of it is under way."""
    until: int = await db.read(newest_delivery)
    dropped, count = 0, AT_ONCE
    while count == AT_ONCE:
        count = int(await db.write(drop_owed, target, until))
        dropped += count
    return dropped


async def put_off_all(db: Database, target: int, rate: float) -> int:
    """Spreads what fell due to a paused target, `rate` a second from now on, a window at a time; how many."""
    begun: int = await db.read(now)
    moved, count = 0, AT_ONCE
    while count == AT_ONCE:
        count = int(await db.write(put_off, target, Pace(begun, rate, moved)))
        moved += count
    return moved
