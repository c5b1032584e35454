"""Log-in sessions of the panel: who is logged in, from where, until when. Only the SHA-256 of a session's token is kept."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final

from odzew.clock import MINUTE
from odzew.store.db import Request, Rows, one

TOUCHED: Final = MINUTE
"""How exact `seen_at` is: it is written no more often."""

_SESSION: Final = "token_sha256, user_id, login, created_at, seen_at, expires_at, address, agent, account_id, strong"


@dataclass(slots=True, frozen=True)
class Session:
    """One log-in. `account_id`: the account that an operator is looking at; `strong`: a one-time code was given."""

    token_sha256: bytes
    user_id: int
    login: str
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    agent: str
    account_id: int | None = None
    strong: bool = False

    def is_due(self, now: int) -> bool:
        """Whether its `touch` is due."""
        return now - self.seen_at >= TOUCHED


def begin(session: Session) -> Generator[Request, Any, None]:
    """Keeps a new session."""
    s = session
    yield Rows(
        f"INSERT INTO panel_sessions ({_SESSION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            s.token_sha256, s.user_id, s.login, s.created_at, s.seen_at, s.expires_at, s.address, s.agent[:500], s.account_id,
            int(s.strong),
        ),
    )  # fmt: skip


def find(token_sha256: bytes, now: int) -> Generator[Request, Any, Session | None]:
    """The session of a token, or None where there is none or it is over."""
    row = yield from one(f"SELECT {_SESSION} FROM panel_sessions WHERE token_sha256 = ? AND expires_at > ?", token_sha256, now)
    return None if row is None else _session(row)


def touch(token_sha256: bytes, now: int, expires_at: int | None = None) -> Generator[Request, Any, None]:
    """Notes that it was used, at most once a minute; `expires_at`: it lasts until then from now on."""
    yield Rows(
        "UPDATE panel_sessions SET seen_at = ?, expires_at = coalesce(?, expires_at) WHERE token_sha256 = ? AND seen_at <= ?",
        (now, expires_at, token_sha256, now - TOUCHED),
    )


def look_at(token_sha256: bytes, account_id: int | None) -> Generator[Request, Any, None]:
    """Which account an operator looks at from now on."""
    yield Rows("UPDATE panel_sessions SET account_id = ? WHERE token_sha256 = ?", (account_id, token_sha256))


def make_strong(token_sha256: bytes) -> Generator[Request, Any, None]:
    """A one-time code was given."""
    yield Rows("UPDATE panel_sessions SET strong = 1 WHERE token_sha256 = ?", (token_sha256,))


def end(token_sha256: bytes) -> Generator[Request, Any, bool]:
    """Ends a session; whether there was one."""
    return bool((yield Rows("DELETE FROM panel_sessions WHERE token_sha256 = ? RETURNING user_id", (token_sha256,))))


def end_of_user(user_id: int, but: bytes | None = None) -> Generator[Request, Any, int]:
    """Ends a user's sessions, all but one: how many. Leans on panel_sessions_user."""
    sql = "DELETE FROM panel_sessions WHERE user_id = ? AND token_sha256 <> ? RETURNING user_id"
    return len((yield Rows(sql, (user_id, but or b""))))


def of_user(user_id: int, now: int) -> Generator[Request, Any, list[Session]]:
    """A user's sessions, the last used first. Leans on panel_sessions_user."""
    sql = f"SELECT {_SESSION} FROM panel_sessions WHERE user_id = ? AND expires_at > ? ORDER BY seen_at DESC, created_at DESC"
    return [_session(row) for row in (yield Rows(sql, (user_id, now)))]


def of_account(account_id: int | None, now: int) -> Generator[Request, Any, list[Session]]:
    """The sessions of an account's users (None: the operator's), the last used first. Leans on panel_sessions_user."""
    whose = "account_id IS NULL" if account_id is None else "account_id = ?"
    sql = f"""SELECT {_SESSION} FROM panel_sessions WHERE user_id IN (SELECT id FROM users WHERE {whose}) AND expires_at > ?
              ORDER BY seen_at DESC, created_at DESC"""
    return [_session(row) for row in (yield Rows(sql, (*([] if account_id is None else [account_id]), now)))]


def sweep(now: int) -> Generator[Request, Any, int]:
    """Forgets sessions that are over: how many. Leans on panel_sessions_expires."""
    return len((yield Rows("DELETE FROM panel_sessions WHERE expires_at <= ? RETURNING user_id", (now,))))


def _session(row: Any) -> Session:
    token, user, login, created, seen, expires, address, agent, account, strong = row
    return Session(bytes(token), user, login, created, seen, expires, address, agent, account, bool(strong))
