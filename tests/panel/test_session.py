"""Logging in and out: sessions that can be ended and that end, codes that are good once, guesses that are slowed."""

from __future__ import annotations

from urllib.parse import unquote

import pyotp
import pytest

from odzew.access.sealing import Sealer
from odzew.clock import DAY, HOUR, SECOND, FixedClock
from odzew.store import panel_sessions
from odzew.store.credentials import set_password, set_totp
from odzew.store.db import statement
from tests.panel.house import ENVIRONMENT, MEMBER, OPERATOR, OTHER, OWNER, PASSWORD, House

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def test_who_is_not_logged_in_is_asked_and_comes_back_where_they_wanted_to_go(house: House) -> None:
    nobody = await house.browse()
    sent = await nobody.get("/inbox?q=a%20b")
    assert (sent.status, sent.location.partition("=")[0]) == (303, "/login?next")
    assert unquote(sent.location.partition("=")[2]) == "/inbox?q=a%20b"
    answer = await nobody.post("/login", {"login": OWNER, "password": PASSWORD, "next": "/inbox?q=a"})
    assert (answer.status, answer.location) == (303, "/inbox?q=a")
    assert (await nobody.get("/inbox")).status == 200


ELSEWHERE = ("//evil.example/", "https://evil.example/", "/\\evil.example", "/login", "/logout", "javascript:alert(1)", "/a\nb")


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_a_log_in_never_leads_elsewhere(house: House, target: str) -> None:
    nobody = await house.browse()
    answer = await nobody.post("/login", {"login": OWNER, "password": PASSWORD, "next": target})
    assert (answer.status, answer.headers["location"]) == (303, "/panel/")


@pytest.mark.parametrize(
    ("login", "password", "said"),
    [
        (OWNER, "wrong", "login or the password is wrong"),
        ("nobody@acme.example", PASSWORD, "login or the password is wrong"),
        ("webapi_acme", PASSWORD, "no right to use the panel"),
        ("", PASSWORD, "login or the password is wrong"),
        (OWNER, "", "login or the password is wrong"),
        ("\x00'\"<script>", "\ud7ff", "login or the password is wrong"),
    ],
)
async def test_a_wrong_log_in_says_so_and_keeps_the_login(house: House, login: str, password: str, said: str) -> None:
    nobody = await house.browse()
    answer = await nobody.post("/login", {"login": login, "password": password})
    assert answer.status == 401
    assert said in answer.shown
    assert PASSWORD not in answer.text
    assert "odzew_panel" not in nobody.cookies()


async def test_guesses_are_slowed_and_then_refused(house: House, clock: FixedClock) -> None:
    nobody = await house.browse()
    for _ in range(10):
        assert (await nobody.post("/login", {"login": OWNER, "password": "guess"})).status == 401
    throttle = house.server.throttle
    for _ in range(10):
        throttle.failed("127.0.0.1", OWNER)
    refused = await nobody.post("/login", {"login": OWNER, "password": PASSWORD})
    assert refused.status == 429
    assert "Too many attempts failed" in refused.shown


async def test_a_session_ends_with_the_log_out(house: House) -> None:
    anna = await house.browse(OWNER)
    before = anna.cookies()["odzew_panel"]
    assert (await anna.get("/inbox")).status == 200
    assert (await anna.post("/logout")).location == "/login"
    anna.session.cookie_jar.update_cookies({"odzew_panel": before})
    assert (await anna.get("/inbox")).status == 303


@pytest.mark.parametrize(
    ("passed", "in_between", "status"), [(23 * HOUR, 0, 200), (25 * HOUR, 0, 303), (25 * HOUR, 1, 200), (15 * DAY, 20, 303)]
)
async def test_a_session_ends_after_a_day_without_a_page_and_after_two_weeks(
    house: House, clock: FixedClock, passed: int, in_between: int, status: int
) -> None:
    anna = await house.browse(OWNER)
    assert (await anna.get("/inbox")).status == 200
    for _ in range(in_between):
        clock.advance(passed / SECOND / (in_between + 1))
        await anna.get("/inbox")
    clock.advance(passed / SECOND / (in_between + 1))
    assert (await anna.get("/inbox")).status == status


async def test_a_session_can_be_ended_from_elsewhere(house: House) -> None:
    anna = await house.browse(OWNER)
    user = house.server.present.directory.users[OWNER]
    assert await house.server.db.write(panel_sessions.end_of_user, user.id) == 1
    assert (await anna.get("/inbox")).status == 303


async def test_who_is_taken_the_right_is_out_at_once(house: House) -> None:
    jan = await house.browse(MEMBER)
    await house.server.db.write(statement, "UPDATE users SET roles = ? WHERE login = ?", '["api"]', MEMBER)
    await house.server.present.refresh()
    assert (await jan.get("/inbox")).status == 303


async def test_the_token_of_the_cookie_is_nowhere_in_the_database(house: House) -> None:
    anna = await house.browse(OWNER)
    token = anna.cookies()["odzew_panel"]
    rows = await house.server.db.read(statement, "SELECT * FROM panel_sessions")
    assert rows
    assert all(token not in str(value) for row in rows for value in row)


async def _with_codes(house: House) -> None:
    user = house.server.present.directory.users[OWNER]
    await house.server.db.write(set_totp, user.id, Sealer(ENVIRONMENT["ODZEW_KEY"]).seal(SECRET))
    await house.server.present.refresh()


async def test_a_code_is_asked_for_and_good_once(house: House, clock: FixedClock) -> None:
    await _with_codes(house)
    anna = await house.browse()
    assert (await anna.post("/login", {"login": OWNER, "password": PASSWORD})).location == "/login/code?next=/"
    assert (await anna.get("/inbox")).status == 303, "the password alone is not enough"
    await anna.get("/login/code")
    now = clock.now() // SECOND
    for wrong in ("000000", "12345", "abcdef", "", "１２３４５６", pyotp.TOTP(SECRET).at(now + 120)):
        assert (await anna.post("/login/code", {"code": wrong})).status == 401
    code = pyotp.TOTP(SECRET).at(now)
    assert (await anna.post("/login/code", {"code": f"{code[:3]} {code[3:]}", "next": "/inbox"})).location == "/inbox"
    assert (await anna.get("/inbox")).status == 200
    again = await house.browse()
    await again.post("/login", {"login": OWNER, "password": PASSWORD})
    await again.get("/login/code")
    assert (await again.post("/login/code", {"code": code})).status == 401, "a code that was seen over a shoulder is worth nothing"


async def test_operators_and_users_of_other_accounts_enter_their_own(house: House) -> None:
    assert (await (await house.browse(OPERATOR)).get("/")).location == "/operator"
    bob = await house.browse(OTHER)
    assert 'lang="pl"' in (await bob.get("/inbox")).text


async def test_a_password_that_is_set_anew_counts_at_once(house: House) -> None:
    user = house.server.present.directory.users[OWNER]
    assert (await (await house.browse(MEMBER)).get("/inbox")).status == 200
    await house.server.db.write(set_password, user.id, "$argon2id$nothing")
    await house.server.present.refresh()
    nobody = await house.browse()
    assert (await nobody.post("/login", {"login": OWNER, "password": PASSWORD})).status == 401


async def test_language_and_colours_are_kept(house: House) -> None:
    anna = await house.browse(OWNER)
    await anna.get("/inbox")
    answer = await anna.post("/language", {"language": "pl"}, referer=f"{house.url}/panel/inbox")
    assert answer.location == "/inbox"
    assert 'lang="pl"' in (await anna.get("/inbox")).text
    await anna.get("/inbox")
    assert (await anna.post("/theme", {"theme": "dark"}, referer="https://evil.example/panel/inbox")).location == "/"
    assert 'data-bs-theme="dark"' in (await anna.get("/inbox")).text


PROXY = ["127.0.0.1/32"]


@pytest.mark.parametrize(("proxies", "said", "secure"), [([], "https", False), (PROXY, "https", True), (PROXY, "http", False)])
async def test_cookies_are_secure_where_a_proxy_of_ours_speaks_https(house: House, proxies: list[str], said: str, secure: bool) -> None:
    house.server.present.directory.installation["trusted_proxies"] = proxies
    nobody = await house.browse()
    answer = await nobody.get("/login", x_forwarded_proto=said)
    assert bool(answer.cookies["odzew_visit"]["secure"]) is secure
    assert ("strict-transport-security" in answer.headers) is secure
