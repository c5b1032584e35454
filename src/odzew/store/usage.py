"""When tokens and users were last used, and the newest refused calls of each account."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odzew.store.db import Many, Request, Rows

KEPT: Final = 1_000
"""Refused calls that are kept of each account."""


@dataclass(slots=True, frozen=True)
class ApiError:
    """A call that was refused: its number in the contract's table of errors, and who called from where. `id` 0: not stored yet."""

    account_id: int
    at: int
    action: str
    code: int
    who: str
    address: str
    id: int = 0


def note(tokens: Mapping[int, int], users: Mapping[int, int], errors: Sequence[ApiError]) -> Generator[Request, Any, None]:
    """Writes down when tokens and users (by id) were used, and what was refused; of each account only the newest 1,000 stay.

    The directory is not told: nobody decides by it.
    """
    for table, used in (("tokens", tokens), ("users", users)):
        sql = f"UPDATE {table} SET last_used_at = ? WHERE id = ? AND coalesce(last_used_at, 0) < ?"
        yield Many(sql, [(at, key, at) for key, at in sorted(used.items())])
    yield Many(
        "INSERT INTO api_errors (account_id, at, action, code, who, address) VALUES (?, ?, ?, ?, ?, ?)",
        [(e.account_id, e.at, e.action[:100], e.code, e.who[:200], e.address[:100]) for e in errors],
    )
    yield Many(
        """DELETE FROM api_errors WHERE account_id = ? AND id <=
             (SELECT id FROM api_errors WHERE account_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)""",
        [(account, account, KEPT) for account in sorted({error.account_id for error in errors})],
    )


def last_used_tokens(account_id: int | None) -> Generator[Request, Any, dict[int, int]]:
    """{token: when} of an account's tokens (None: the operator's) that were ever used."""
    return (yield from _last_used("tokens", account_id))


def last_used_users(account_id: int | None) -> Generator[Request, Any, dict[int, int]]:
    """{user: when} of an account's users (None: the operator's) that ever called the API."""
    return (yield from _last_used("users", account_id))


def errors(account_id: int, before: int | None = None, limit: int = 50) -> Generator[Request, Any, list[ApiError]]:
    """An account's refused calls, the newest first. Leans on api_errors_account."""
    sql = """SELECT account_id, at, action, code, who, address, id FROM api_errors WHERE account_id = ? AND id < ?
             ORDER BY id DESC LIMIT ?"""
    return [ApiError(*row) for row in (yield Rows(sql, (account_id, before or 1 << 62, limit)))]


def _last_used(table: str, account_id: int | None) -> Generator[Request, Any, dict[int, int]]:
    whose = "account_id IS NULL" if account_id is None else "account_id = ?"
    sql = f"SELECT id, last_used_at FROM {table} WHERE {whose} AND last_used_at IS NOT NULL"
    return {row[0]: row[1] for row in (yield Rows(sql, () if account_id is None else (account_id,)))}
