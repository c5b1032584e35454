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
                                secret, concurrency, completions, way, mail_to, only_keywords, only_senders, only_text,
                                secret_before, secret_before_until, client_cert, client_key, ca, per_second)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (level, level_id, for_kind, name) DO UPDATE
           SET url = excluded.url, active = excluded.active, body = excluded.body, verify = excluded.verify,
               retry_minutes = excluded.retry_minutes, retry_basis = excluded.retry_basis, secret = excluded.secret,
               concurrency = excluded.concurrency, completions = excluded.completions, way = excluded.way, mail_to = excluded.mail_to,
               only_keywords = excluded.only_keywords, only_senders = excluded.only_senders, only_text = excluded.only_text,
               secret_before = excluded.secret_before, secret_before_until = excluded.secret_before_until,
               client_cert = excluded.client_cert, client_key = excluded.client_key, ca = excluded.ca, per_second = excluded.per_second,
               removed_at = NULL""",
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
        target.concurrency, int(target.completions), target.way, json.dumps(target.mail_to), json.dumps(target.only_keywords),
        json.dumps(target.only_senders), json.dumps(target.only_text), target.secret_before, target.secret_before_until,
        target.client_cert, target.client_key, target.ca, target.per_second,
    )  # fmt: skip
