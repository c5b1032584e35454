"""The audit log: who changed what, when and from where. It is kept for ever, and never holds a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from odzew.store.db import Now, Request, Rows
from odzew.store.inbox_lines import EVERYBODY

HIDDEN: Final = "***"
LONGEST: Final = 2_000
"""Characters that are kept of one value."""

_secret = re.compile(r"secret|password|token|totp|hash|sha256|credential|private", re.IGNORECASE).search


@dataclass(slots=True, frozen=True)
class Entry:
    """One act. `account_id` None: it was of the installation. `detail` is JSON: {"before": {...}, "after": {...}} of what differs."""

    id: int
    at: int
    account_id: int | None
    who: str
    address: str
    action: str
    object: str
    detail: str


def add(
    account_id: int | None,
    who: str,
    address: str,
    action: str,
    object: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Generator[Request, Any, int]:
    """Writes an act down in the transaction that does it; the id of the entry. `action` is a dotted word such as `target.saved`.

    Of `before` and `after` what differs is kept; a secret's change is told, not the secret.
    """
    now: int = yield Now()
    rows = yield Rows(
        "INSERT INTO audit (at, account_id, who, address, action, object, detail) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (now, account_id, _plain(who), address, action, _plain(object), _detail(before or {}, after or {})),
    )
    return int(rows[0][0])


def page(
    account_id: int | None,
    before: int | None = None,
    limit: int = 50,
    *,
    who: str | None = None,
    action: str | None = None,
    since: int | None = None,
    until: int | None = None,
) -> Generator[Request, Any, tuple[list[Entry], int | None]]:
    """The newest acts of an account, of the installation (None) or all (EVERYBODY), and the id after which the next page goes on.

    `action` is the beginning of the word, such as `target.`; from `since` on and before `until`. Leans on audit_account.
    """
    clauses, values = ["id < ?"], [1 << 62 if before is None else before]
    if account_id is None:
        clauses.append("account_id IS NULL")
    for clause, value in (
        ("account_id = ?", None if account_id == EVERYBODY else account_id),
        ("who = ?", who),
        ("substr(action, 1, length(?)) = ?", action),
        ("at >= ?", since),
        ("at < ?", until),
    ):
        if value is not None:
            clauses.append(clause)
            values += [value] * clause.count("?")  # type: ignore[list-item]  # numbers and texts
    sql = f"""SELECT id, at, account_id, who, address, action, object, detail FROM audit
              WHERE {" AND ".join(clauses)} ORDER BY id DESC LIMIT ?"""
    entries = [Entry(*row) for row in (yield Rows(sql, [*values, limit]))]
    return entries, entries[-1].id if len(entries) == limit else None


def _detail(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    kept = {
        word: {name: _shown(name, values[name]) for name in names if name in values}
        for word, values in (("before", before), ("after", after))
        if values
    }
    return json.dumps(kept, ensure_ascii=False, default=str)


def _shown(name: str, value: Any) -> Any:
    if value is not None and _secret(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {_plain(str(key)): _shown(f"{name}.{key}", inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_shown(name, inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else _plain(str(value))


def _plain(text: str) -> str:
    """What both engines can keep of it."""
    return text[:LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
