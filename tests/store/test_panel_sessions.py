"""Log-in sessions of the panel: found until they are over, ended one by one or all but one, listed by user and account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from odzew.clock import HOUR, MINUTE
from odzew.store import panel_sessions
from odzew.store.db import Database
from odzew.store.panel_sessions import Session
from tests.builders import a_user, an_account


def a_session(token: bytes = b"token", user_id: int = 1, **fields: Any) -> Session:
    values: dict[str, Any] = {"login": "jan", "created_at": 0, "seen_at": 0, "expires_at": HOUR, "address": "192.0.2.1", "agent": "Firefox"}
    return Session(token, user_id, **(values | fields))


async def begun(db: Database, *sessions: Session) -> None:
    for session in sessions:
        await db.write(panel_sessions.begin, session)


async def test_a_session_is_found_as_it_was_kept_until_it_is_over(db: Database) -> None:
    for session in (a_session(b"\x00\xff" * 16), a_session(b"2", account_id=7, strong=True, agent="ż" * 500)):
        await begun(db, session)
        assert await db.read(panel_sessions.find, session.token_sha256, HOUR - 1) == session
        assert await db.read(panel_sessions.find, session.token_sha256, HOUR) is None
    assert await db.read(panel_sessions.find, b"other", 0) is None


async def test_a_browser_s_name_of_any_length_is_cut(db: Database) -> None:
    await begun(db, a_session(agent="x" * 100_000))
    assert len((await db.read(panel_sessions.find, b"token", 0)).agent) == 500


async def test_use_is_written_at_most_once_a_minute(db: Database) -> None:
    await begun(db, a_session())
    for now, expected in ((MINUTE - 1, 0), (MINUTE, MINUTE), (2 * MINUTE - 1, MINUTE), (3 * MINUTE, 3 * MINUTE)):
        due = (await db.read(panel_sessions.find, b"token", 0)).is_due(now)
        await db.write(panel_sessions.touch, b"token", now)
        found = await db.read(panel_sessions.find, b"token", 0)
        assert (found.seen_at, found.expires_at, due) == (expected, HOUR, expected == now)
    await db.write(panel_sessions.touch, b"token", 5 * MINUTE, 2 * HOUR)
    assert (await db.read(panel_sessions.find, b"token", 0)).expires_at == 2 * HOUR


async def test_an_operator_looks_at_an_account_and_a_code_makes_it_strong(db: Database) -> None:
    await begun(db, a_session(), a_session(b"other"))
    await db.write(panel_sessions.look_at, b"token", 5)
    await db.write(panel_sessions.make_strong, b"token")
    assert await db.read(panel_sessions.find, b"token", 0) == a_session(account_id=5, strong=True)
    assert await db.read(panel_sessions.find, b"other", 0) == a_session(b"other")
    await db.write(panel_sessions.look_at, b"token", None)
    assert (await db.read(panel_sessions.find, b"token", 0)).account_id is None


async def test_sessions_end(db: Database) -> None:
    await begun(db, *[a_session(bytes([n]), user_id=1 + n // 4) for n in range(6)])
    assert [await db.write(panel_sessions.end, b"\x00") for _ in range(2)] == [True, False]
    assert await db.write(panel_sessions.end_of_user, 1, b"\x02") == 2
    assert [session.token_sha256 for session in await db.read(panel_sessions.of_user, 1, 0)] == [b"\x02"]
    assert await db.write(panel_sessions.end_of_user, 1) == 1
    assert len(await db.read(panel_sessions.of_user, 2, 0)) == 2


async def test_who_is_logged_in_the_last_used_first(db: Database) -> None:
    account = await db.write(an_account)
    users = [await db.write(a_user, owner, login, "hash") for owner, login in ((account, "jan"), (account, "ewa"), (None, "root"))]
    sessions = [a_session(bytes([n]), users[n % 3], seen_at=n, expires_at=HOUR if n else 1) for n in range(6)]
    await begun(db, *sessions)
    now = 2
    assert await db.read(panel_sessions.of_user, users[0], now) == [sessions[3]]
    assert await db.read(panel_sessions.of_account, account, now) == [sessions[4], sessions[3], sessions[1]]
    assert await db.read(panel_sessions.of_account, None, now) == [sessions[5], sessions[2]]


async def test_those_that_are_over_are_forgotten(db: Database) -> None:
    live = a_session(b"live", expires_at=HOUR + 1)
    await begun(db, a_session(), live, replace(live, token_sha256=b"at the end", expires_at=HOUR))
    assert await db.write(panel_sessions.sweep, HOUR) == 2
    assert await db.read(panel_sessions.of_user, 1, 0) == [live]
