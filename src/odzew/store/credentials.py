"""What a user changes in the panel: password, one-time codes, language, name. Callers check who may."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from odzew.errors import NotOurs
from odzew.store import recovery_codes
from odzew.store.changes import bump
from odzew.store.db import Now, Request, Rows


def set_password(user_id: int, password_hash: str) -> Generator[Request, Any, None]:
    """NotOurs if there is no such user, as with the others here. All processes forget the password that they remember."""
    now: int = yield Now()
    yield from _set(user_id, "password_hash = ?, changed_at = ?", password_hash, now)


def set_totp(user_id: int, secret: str | None) -> Generator[Request, Any, None]:
    """Turns one-time codes on, with a sealed secret, or off. Recovery codes end with the secret that they were made for."""
    now: int = yield Now()
    yield from _set(user_id, "totp_secret = ?, totp_last = NULL, changed_at = ?", secret, now)
    yield from recovery_codes.forget(user_id)


def use_totp_step(user_id: int, step: int) -> Generator[Request, Any, bool]:
    """Uses up the code of a time step: False if it or a later one was used before, so that a code is good once."""
    sql = "UPDATE users SET totp_last = ? WHERE id = ? AND totp_secret IS NOT NULL AND (totp_last IS NULL OR totp_last < ?) RETURNING id"
    return bool((yield Rows(sql, (step, user_id, step))))


def set_language(user_id: int, language: str | None) -> Generator[Request, Any, None]:
    """None: the account's."""
    yield from _set(user_id, "language = ?", language)


def set_name(user_id: int, name: str) -> Generator[Request, Any, None]:
    """What the user is called in the panel."""
    yield from _set(user_id, "name = ?", name)


def _set(user_id: int, what: str, *values: Any) -> Generator[Request, Any, None]:
    if not (yield Rows(f"UPDATE users SET {what} WHERE id = ? RETURNING id", (*values, user_id))):
        raise NotOurs(f"there is no user {user_id}")
    yield from bump("directory")
