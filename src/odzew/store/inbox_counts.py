"""Counts for the dashboard: messages by hour, and those that the panel has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Any, Final, NamedTuple

from odzew.clock import HOUR
from odzew.model import KINDS, UNCLAIMED
from odzew.store import inbox_index, inbox_lines
from odzew.store.db import Request, Rows, one
from odzew.store.inbox_index import place_of
from odzew.store.inbox_lines import EVERYBODY

ABOVE: Final = 20_000  # ids above the index's mark that are counted


class HourCount(NamedTuple):
    """Messages of a kind in the hour that begins at `hour` (microseconds UTC)."""

    hour: int
    kind: str
    messages: int


def unseen(account_id: int | None, most: int) -> Generator[Request, Any, dict[str, int]]:
    """{kind: messages of an account that the panel has not seen, at most `most`}. Leans on inbox_index_unseen."""
    mark, changed = yield from inbox_index.state()
    place = place_of(account_id)
    found = Counter((yield from inbox_index.count_of(place, (*KINDS, UNCLAIMED), True, mark, most + len(changed))))
    if changed:
        sql = "SELECT kind FROM inbox_index WHERE message_id IN_INTS(?) AND account_id = ? AND seen_at IS NULL"
        found.subtract(row[0] for row in (yield Rows(sql, (changed, place))))
        lines = [one.line for one in (yield from inbox_lines.by_ids(changed))]
        found.update(line.kind for line in lines if line.account_id == account_id and not line.seen)
    low = yield from _above(mark)
    rows = yield Rows(
        f"""SELECT m.kind, count(*) FROM messages m LEFT JOIN inbox_index i ON i.message_id = m.id AND i.account_id = ?
            WHERE m.id > ? AND m.account_id {"IS NULL" if account_id is None else "= ?"} AND i.seen_at IS NULL GROUP BY m.kind""",
        (place, low, *([] if account_id is None else [account_id])),
    )
    for kind, number in rows:
        found[kind] += number
    return {kind: min(most, number) for kind, number in found.items() if number > 0}


def per_hour(account_id: int | None, since: int, until: int) -> Generator[Request, Any, list[HourCount]]:
    """Messages of an account, of nobody (None) or of all together (EVERYBODY) in the hours that begin in this time, by hour and kind.

    What was given to another account a moment ago may still be counted where it was. Leans on the primary keys.
    """
    mark, _ = yield from inbox_index.state()
    found = Counter({(hour, kind): number for hour, kind, number in (yield from inbox_index.hours(place_of(account_id), since, until))})
    low = yield from _above(mark)
    whose = {None: "m.account_id IS NULL", EVERYBODY: "1 = 1"}.get(account_id, "m.account_id = ?")
    first = -(-since // HOUR) * HOUR  # the first hour that begins in this time
    last = -(-until // HOUR) * HOUR
    rows = yield Rows(
        f"""SELECT m.received_at / {HOUR}, m.kind, count(*) FROM messages m
            WHERE m.id > ? AND m.received_at >= ? AND m.received_at < ? AND {whose} GROUP BY 1, 2""",
        (low, first, last, *([account_id] if "?" in whose else [])),
    )
    for hour, kind, number in rows:
        found[hour * HOUR, kind] += number
    return [HourCount(*key, number) for key, number in sorted(found.items())]


def _above(mark: int) -> Generator[Request, Any, int]:
    """Where counting above the mark begins: while a database is put into the index for the first time, not at its beginning."""
    row = yield from one("SELECT coalesce(max(id), 0) FROM messages")
    assert row is not None
    newest: int = row[0]
    return max(mark, newest - ABOVE)
