"""One's own log-in: name, language, password, open sessions; and who else of the account is logged in."""

from __future__ import annotations

import re

import pytest

from tests.panel.house import HOSTILE, MEMBER, OTHER, OWNER, PASSWORD, House
from tests.panel.rows import audited, differences

NEW = "four words in a row"


async def test_name_and_language_are_kept(house: House) -> None:
    anna = await house.browse(OWNER)
    answer = await anna.post("/account", {"name": "Anna Łęcka", "language": "pl"})
    seen = await anna.follow(answer)
    assert ('lang="pl"' in seen.text, 'value="Anna Łęcka"' in seen.text) == (True, True)
    assert await differences(house, "user.saved") == ({"name": "", "language": None}, {"name": "Anna Łęcka", "language": "pl"})


@pytest.mark.parametrize(("name", "typed"), [("name", "x" * 101), ("name", "a\0b"), ("language", "xx")])
async def test_a_fault_stands_beside_its_field(house: House, name: str, typed: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/account", {"name": "Anna", "language": "en"} | {name: typed})
    assert seen.status == 422
    assert f'id="e-{name}"' in seen.text
    assert ('value="Anna"' in seen.text) == (name == "language")
    assert not await audited(house, "user.saved")


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_name_does_nothing(house: House, text: str) -> None:
    anna = await house.browse(OWNER)
    assert (await anna.post("/account", {"name": text, "language": ""})).status == 303
    for path in ("/account", "/account/users", "/account/audit", "/account/logins"):
        seen = await anna.get(path)
        assert (path, seen.status) == (path, 200)
        assert "<script>alert" not in seen.text
        assert "<img src=x" not in seen.text
        assert "<svg onload" not in seen.text


async def test_a_new_password_ends_all_other_sessions(house: House) -> None:
    anna, elsewhere = await house.browse(OWNER), await house.browse()
    await elsewhere.post("/login", {"login": OWNER, "password": PASSWORD})
    answer = await anna.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert (answer.status, answer.location) == (303, "/account")
    assert (await anna.get("/account")).status == 200
    assert (await elsewhere.get("/account")).status == 303
    assert (await elsewhere.post("/login", {"login": OWNER, "password": PASSWORD})).status == 401
    assert (await elsewhere.post("/login", {"login": OWNER, "password": NEW})).status == 303
    (entry,) = await audited(house, "user.password")
    assert (entry.who, entry.object, NEW in entry.detail) == (OWNER, f"user {OWNER}", False)


WRONG = (
    ({"old": "wrong"}, "old", "This is not your present password."), ({"again": "other words"}, "again", "This is not the same as above."),
    ({"new": "short", "again": "short"}, "new", "at least 10 characters"), ({"new": "x" * 1_025, "again": "x" * 1_025}, "new", "cannot be"),
    ({"new": "nine\0nine\0", "again": "nine\0nine\0"}, "new", "This cannot be a password."),
)  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "said"), WRONG)
async def test_a_password_that_is_refused(house: House, changed: dict[str, str], field: str, said: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW} | changed)
    assert (seen.status, said in seen.shown, f'id="e-{field}"' in seen.text) == (422, True, True)
    assert (PASSWORD in seen.text, NEW in seen.text) == (False, False)
    assert not await audited(house, "user.password")


async def test_guessing_the_present_password_is_slowed(house: House) -> None:
    anna = await house.browse(OWNER)
    for _ in range(20):
        house.server.throttle.failed("127.0.0.1", OWNER)
    seen = await anna.post("/account/password", {"old": PASSWORD, "new": NEW, "again": NEW})
    assert (seen.status, "Too many attempts failed" in seen.shown) == (422, True)
    assert not await audited(house, "user.password")


async def test_sessions_are_listed_and_ended(house: House) -> None:
    anna, elsewhere, bob = await house.browse(OWNER), await house.browse(), await house.browse(OTHER)
    await elsewhere.post("/login", {"login": OWNER, "password": PASSWORD})
    seen = await anna.get("/account")
    (key,) = set(re.findall(r'name="session" value="([0-9a-f]{64})"', seen.text))
    assert (await bob.post("/account/sessions", {"session": key})).status == 404
    assert (await anna.post("/account/sessions", {"session": "00"})).status == 404
    assert (await elsewhere.get("/account")).status == 200
    assert (await anna.post("/account/sessions", {"session": key})).status == 303
    assert (await elsewhere.get("/account")).status == 303
    assert len(await audited(house, "session.ended")) == 1
    assert (await anna.post("/account/sessions", {"all": "1"})).status == 303  # none is left, and that is well


async def test_an_owner_ends_sessions_of_the_account_alone(house: House) -> None:
    anna, jan, bob = await house.browse(OWNER), await house.browse(MEMBER), await house.browse(OTHER)
    seen = await anna.get("/account/logins")
    assert (MEMBER in seen.shown, OTHER in seen.shown) == (True, False)
    (key,) = set(re.findall(r'name="session" value="([0-9a-f]{64})"', seen.text))
    assert (await bob.post("/account/logins/end", {"session": key})).status == 404
    assert (await jan.get("/account/logins")).status == 403
    assert (await anna.post("/account/logins/end", {"session": key})).status == 303
    assert (await jan.get("/inbox")).status == 303
