"""Users of an account: what they may, from where, their passwords, and the last owner who stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.panel.house import HOSTILE, MEMBER, OTHER, OWNER, PASSWORD, House
from tests.panel.rows import audited, differences

NEW: dict[str, Any] = {
    "login": "ola@acme.example", "name": "Ola", "password": "four words in a row", "role": ["panel", "numbers"], "allow_from": "",
}  # fmt: skip


def key(house: House, login: str) -> int:
    return house.server.present.directory.users[login].id


async def test_a_new_user_may_log_in_at_once(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.follow(await anna.post("/account/users/new", NEW))
    assert ("ola@acme.example may log in now." in seen.shown, "Ola" in seen.shown) == (True, True)
    ola = await house.browse("ola@acme.example", NEW["password"])
    assert (await ola.get("/inbox")).status == 200
    assert (await ola.get("/account/users")).status == 403
    _, after = await differences(house, "user.added")
    assert after == {"roles": ["panel", "numbers"], "addresses": []}


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"login": ""}, "e-login", "Please fill this in."), ({"login": "a b"}, "e-login", "no white space"),
    ({"login": "x" * 200}, "e-login", "too long"),
    ({"login": OTHER}, "e-login", "This login is taken."), ({"password": "short"}, "e-password", "at least 10"),
    ({"role": []}, "", "Choose at least one"), ({"role": ["root"]}, "", "Choose at least one"),
    ({"allow_from": "10.0.0.0/99"}, "e-allow_from", "10.0.0.0/99"), ({"name": "x" * 101}, "e-name", "at most 100"),
)  # fmt: skip


@pytest.mark.parametrize(("changed", "place", "said"), WRONG)
async def test_faults_stand_beside_their_fields_and_what_was_typed_stays(
    house: House, changed: dict[str, Any], place: str, said: str
) -> None:  # fmt: skip
    anna = await house.browse(OWNER)
    seen = await anna.post("/account/users/new", NEW | changed)
    assert (seen.status, said in seen.shown, f'id="{place}"' in seen.text or not place) == (422, True, True)
    assert ("name" in changed) or 'value="Ola"' in seen.text
    assert NEW["password"] not in seen.text
    assert not await audited(house, "user.added")


async def test_rights_addresses_and_password_are_changed(house: House) -> None:
    anna, jan = await house.browse(OWNER), await house.browse(MEMBER)
    path = f"/account/users/{key(house, MEMBER)}"
    seen = await anna.get(path)
    assert 'value="panel" checked' in seen.text
    changed = {"name": "Jan", "role": ["panel"], "allow_from": "127.0.0.1\n10.0.0.0/8", "password": "quite another one"}
    assert (await anna.post(path, changed)).status == 303
    assert (await jan.get("/inbox")).status == 303  # a new password ends the sessions
    jan = await house.browse(MEMBER, "quite another one")
    assert "+48500600700" not in (await jan.get("/contacts")).text
    before, after = await differences(house, "user.saved")
    assert (before["roles"], after["roles"], after["addresses"]) == (["panel", "numbers"], ["panel"], ["127.0.0.1/32", "10.0.0.0/8"])
    assert "quite another one" not in str([entry.detail for entry in await audited(house, "user.password")])


async def test_the_last_owner_stays_one(house: House) -> None:
    anna = await house.browse(OWNER)
    path = f"/account/users/{key(house, OWNER)}"
    seen = await anna.post(path, {"name": "Anna", "role": ["panel"]})
    assert (seen.status, "last owner" in seen.shown) == (422, True)
    seen = await anna.follow(await anna.post(f"{path}/remove"))
    assert "You cannot remove yourself." in seen.shown
    jans = f"/account/users/{key(house, MEMBER)}"
    assert (await anna.post(jans, {"role": ["panel", "owner"]})).status == 303
    assert (await anna.post(path, {"role": ["panel"]})).status == 303
    assert (await anna.get("/account/users")).status == 403


async def test_who_is_removed_is_out(house: House) -> None:
    anna, jan = await house.browse(OWNER), await house.browse(MEMBER)
    assert (await anna.post(f"/account/users/{key(house, MEMBER)}/remove")).status == 303
    assert (await jan.get("/inbox")).status == 303
    assert (await (await house.browse()).post("/login", {"login": MEMBER, "password": PASSWORD})).status == 401
    assert (await differences(house, "user.removed"))[0] == {"roles": ["panel", "numbers"]}


async def test_another_account_s_user_is_not_there(house: House) -> None:
    anna = await house.browse(OWNER)
    for other in (key(house, OTHER), 999_999):
        path = f"/account/users/{other}"
        answers = (await anna.get(path), await anna.post(path, {"role": ["panel"]}), await anna.post(f"{path}/remove"))
        assert [answer.status for answer in answers] == [404] * 3
    assert OTHER not in (await anna.get("/account/users")).shown


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_login_is_refused_or_does_nothing(house: House, text: str) -> None:
    anna = await house.browse(OWNER)
    await anna.post("/account/users/new", NEW | {"login": text, "name": text})
    seen = await anna.get("/account/users")
    assert ("<script>alert" in seen.text, "<img src=x" in seen.text, "<svg onload" in seen.text) == (False, False, False)
