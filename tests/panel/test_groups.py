"""Groups of contacts: made, renamed, deleted with their contacts or without."""

from __future__ import annotations

import pytest

from odzew.store.db import statement
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, House
from tests.panel.rows import audited, differences


async def groups(house: House) -> dict[str, int]:
    return {row[0]: row[1] for row in await house.server.db.read(statement, "SELECT name, id FROM groups")}


async def count(house: House) -> int:
    return int((await house.server.db.read(statement, "SELECT count(*) FROM contacts"))[0][0])


async def test_a_group_is_made_renamed_and_deleted(house: House) -> None:
    anna, before = await house.browse(OWNER), await count(house)
    seen = await anna.follow(await anna.post("/groups", {"name": " Klienci "}))
    assert ("The group Klienci is made." in seen.shown, "friends" in seen.shown) == (True, True)
    path = f"/groups/{(await groups(house))['Klienci']}"
    assert 'value="Klienci"' in (await anna.get(path)).text
    assert (await anna.post(path, {"name": "Goście"})).status == 303
    assert await differences(house, "group.saved") == ({"name": "Klienci"}, {"name": "Goście"})
    seen = await anna.follow(await anna.post(f"{path}/remove"))
    assert ("The group Goście is deleted." in seen.shown, await count(house)) == (True, before)
    path = f"/groups/{(await groups(house))['friends']}"
    await anna.post(f"{path}/remove", {"contacts": "1"})
    assert ("friends" in await groups(house), await count(house)) == (False, before - 1)
    assert len(await audited(house, "group.deleted")) == 2


@pytest.mark.parametrize(("typed", "said"), [("", "Please fill this in."), ("x" * 101, "at most 100"), ("a\0b", "cannot be stored")])
async def test_a_wrong_name_is_said(house: House, typed: str, said: str) -> None:
    anna = await house.browse(OWNER)
    for path in ("/groups", f"/groups/{(await groups(house))['friends']}"):
        seen = await anna.post(path, {"name": typed})
        assert (path, seen.status, said in seen.shown, 'id="e-name"' in seen.text) == (path, 422, True, True)
    assert not await audited(house, "group.saved")


async def test_a_name_is_there_once(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post(f"/groups/{(await groups(house))['friends']}", {"name": "customers"})
    assert (seen.status, "a group of this name already" in seen.shown, 'value="customers"' in seen.text) == (422, True, True)


async def test_another_account_s_group_is_not_there(house: House) -> None:
    bob, before = await house.browse(OTHER), await groups(house)
    path = f"/groups/{before['friends']}"
    answers = (await bob.get(path), await bob.post(path, {"name": "x"}), await bob.post(f"{path}/remove", {"contacts": "1"}))
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert ("Brak grup" not in (await bob.get("/groups")).shown, await groups(house)) == (False, before)


async def test_many_groups_have_pages(house: House) -> None:
    anna = await house.browse(OWNER)
    sql = "INSERT INTO groups (account_id, name, folded) VALUES (?, ?, ?)"
    for number in range(205):
        await house.server.db.write(statement, sql, house.account_id(), f"grupa{number:03}", f"grupa{number:03}")
    first, second = await anna.get("/groups"), await anna.get("/groups?skip=200")
    assert ("grupa000" in first.shown, "grupa204" in first.shown, "grupa204" in second.shown) == (True, False, True)
    for skip in ("-1", "x", "9" * 30):
        assert (await anna.get(f"/groups?skip={skip}")).status == 200


async def test_hostile_names_do_nothing(house: House) -> None:
    anna, ewa = await house.browse(OWNER), await house.browse(MASKED)
    for text in HOSTILE:
        assert (await anna.post("/groups", {"name": text})).status == 303
    for path in ("/groups", "/contacts", f"/groups/{max((await groups(house)).values())}", "/contacts/new"):
        for person in (anna, ewa):
            seen = await person.get(path)
            assert seen.status == 200
            assert ("<script>alert" in seen.text, "<img src=x" in seen.text, "<svg onload" in seen.text) == (False, False, False)
