"""What the dashboard tells of deliveries. Every question is bounded, whatever waits."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.store.db import Request, Rows
from odzew.store.delivery_list import ENDED
from odzew.store.inbox_lines import EVERYBODY

MOST: Final = 1_000
NEWEST: Final = 1_000
"""Deliveries of an account that `answered` looks at."""
WALKED: Final = 5_000
"""Deliveries, of all accounts, among which it looks for them."""


@dataclass(slots=True, frozen=True)
class Answered:
    """How the client's URLs answered lately: attempts that were delivered and that failed, and how long an answer took (microseconds).

    `median_us` and `p95_us` are None where nothing was called.
    """

    delivered: int = 0
    failed: int = 0
    median_us: int | None = None
    p95_us: int | None = None


def deliveries(account_id: int, most: int = MOST) -> Generator[Request, Any, dict[str, int]]:
    """{"pending", "exhausted", "cancelled": how many, at most `most`} of an account or of EVERYBODY.

    Leans on owed_target, deliveries_ended and deliveries_ended_account.
    """
    everybody = account_id == EVERYBODY
    found = {"pending": 0}
    if everybody:
        rows = yield Rows("SELECT count(*) FROM (SELECT 1 FROM owed LIMIT ?) AS counted", (most,))
        found["pending"] = rows[0][0]
    else:
        sql = "SELECT id FROM targets t WHERE account_id = ? AND EXISTS (SELECT 1 FROM owed o WHERE o.target_id = t.id)"
        for (target,) in (yield Rows(sql, (account_id,))):
            sql = "SELECT count(*) FROM (SELECT 1 FROM owed WHERE target_id = ? LIMIT ?) AS counted"
            found["pending"] += (yield Rows(sql, (target, most - found["pending"])))[0][0]
            if found["pending"] >= most:
                break
    for state in ENDED:
        sql = f"""SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE {"" if everybody else "account_id = ? AND "}
                    state IN ('exhausted', 'cancelled') AND state = '{state}' LIMIT ?) AS counted"""
        found[state] = (yield Rows(sql, (most,) if everybody else (account_id, most)))[0][0]
    return found


def answered(account_id: int, since: int) -> Generator[Request, Any, Answered]:
    """How the last attempts of an account's newest deliveries went, of those that began at `since` or later.

    Looks at the newest 5,000 deliveries there are, and of them at 1,000 of the account (or of EVERYBODY).
    """
    whose = "" if account_id == EVERYBODY else "WHERE account_id = ?"
    rows = yield Rows(
        f"""SELECT a.took_us, a.outcome = 'ok'
            FROM (SELECT id FROM (SELECT id, account_id FROM deliveries ORDER BY id DESC LIMIT ?) AS newest {whose}
                  ORDER BY id DESC LIMIT ?) AS d
            JOIN attempts a ON a.delivery_id = d.id WHERE a.started_at >= ?""",
        (WALKED, *([] if not whose else [account_id]), NEWEST, since),
    )
    took = sorted(row[0] for row in rows)
    delivered = sum(1 for row in rows if row[1])
    if not took:
        return Answered()
    return Answered(delivered, len(rows) - delivered, took[len(took) // 2], took[min(len(took) - 1, len(took) * 95 // 100)])


def waiting(targets: Sequence[int], most: int = MOST) -> Generator[Request, Any, dict[int, tuple[int, int]]]:
    """{target: (how much is owed to it, at most `most`, when the next is due)}, of those to which anything is. Leans on owed_target."""
    found = {}
    for target in targets:
        sql = "SELECT count(*), min(due_at) FROM (SELECT due_at FROM owed WHERE target_id = ? ORDER BY due_at LIMIT ?) AS counted"
        count, due = (yield Rows(sql, (target, most)))[0]
        if count:
            found[target] = (count, due)
    return found
