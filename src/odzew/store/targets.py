"""The write side of targets (read side: `store.directory`). Callers bump `targets`."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from typing import Any

from odzew.model import Target
from odzew.store.db import Many, Now, Request


def save_targets(targets: Sequence[Target]) -> Generator[Request, Any, None]:
    """Creates or updates each by its level, owner, kind and name; one that was removed is there again.

    The ids of the given objects do not matter. A target never goes to another account this way: `remove_targets` first.
    """
    yield Many(
        """INSERT INTO targets (account_id, level, level_id, for_kind, name, url, active, body, verify, retry_minutes, retry_basis,
                                secret, concurrency, completions)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (level, level_id, for_kind, name) DO UPDATE
           SET url = excluded.url, active = excluded.active, body = excluded.body, verify = excluded.verify,
               retry_minutes = excluded.retry_minutes, retry_basis = excluded.retry_basis, secret = excluded.secret,
               concurrency = excluded.concurrency, completions = excluded.completions, removed_at = NULL""",
        [_row(target) for target in targets],
    )


def remove_targets(ids: Sequence[int]) -> Generator[Request, Any, None]:
    """Takes targets out of use. They stay for the history of their deliveries; their names are free for others."""
    now = yield Now()
    yield Many(
        "UPDATE targets SET removed_at = ?, name = name || ?, active = 0 WHERE id = ? AND removed_at IS NULL",
        [(now, f" (removed, {key})", key) for key in ids],
    )


def _row(target: Target) -> tuple[Any, ...]:
    return (
        target.account_id, target.level, target.level_id, target.for_kind, target.name, target.url, int(target.active), target.body,
        target.verify, None if target.retry_minutes is None else json.dumps(target.retry_minutes), target.retry_basis, target.secret,
        target.concurrency, int(target.completions),
    )  # fmt: skip
