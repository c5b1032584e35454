"""Recovery codes: each stands in once for a one-time code of its user. Only digests are kept, and a code ends with its use.

The digest is a plain SHA-256 of the user and the code. A slow hash guards what people choose; these codes are drawn at random
(`panel.recovery`: close to 50 bits), guesses at the log-in are slowed, and a code is worth nothing without the password, which is argon2id.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from odzew.store.db import Many, Now, Request, Rows


def replace(user_id: int, digests: Sequence[bytes]) -> Generator[Request, Any, bool]:
    """These codes and no others from now on. False, and nothing is changed, where the user has no one-time codes."""
    if not (yield Rows("SELECT id FROM users WHERE id = ? AND totp_secret IS NOT NULL FOR_UPDATE", (user_id,))):
        return False
    now: int = yield Now()
    yield from forget(user_id)
    yield Many("INSERT INTO recovery_codes (user_id, code_sha256, made_at) VALUES (?, ?, ?)", [(user_id, one, now) for one in digests])
    return True


def use(user_id: int, digest: bytes) -> Generator[Request, Any, int | None]:
    """Uses a code up: how many are left then. None where it is no code of this user, or was used."""
    if not (yield Rows("DELETE FROM recovery_codes WHERE user_id = ? AND code_sha256 = ? RETURNING user_id", (user_id, digest))):
        return None
    count: int = yield from left(user_id)
    return count


def left(user_id: int) -> Generator[Request, Any, int]:
    """How many codes a user has left."""
    rows = yield Rows("SELECT count(*) FROM recovery_codes WHERE user_id = ?", (user_id,))
    return int(rows[0][0])


def forget(user_id: int) -> Generator[Request, Any, None]:
    """Ends all codes of a user."""
    yield Rows("DELETE FROM recovery_codes WHERE user_id = ?", (user_id,))
