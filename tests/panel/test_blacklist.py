"""The blacklist: numbers put on it, looked for, taken off."""

from __future__ import annotations

import pytest

from odzew.store.db import statement
from odzew.store.people import save_blacklisted
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, House
from tests.panel.rows import audited, differences


async def listed(house: House, account: str = "acme") -> dict[str, int]:
    sql = "SELECT phone, id FROM blacklist WHERE account_id = ?"
    return {row[0]: row[1] for row in await house.server.db.read(statement, sql, house.account_id(account))}


async def test_numbers_are_put_on_and_taken_off(house: House) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.follow(await anna.post("/blacklist", {"phones": "600 700 800, +48600700801\r\n600700800\n\n71200"}))
    assert ("3 numbers are on the blacklist now." in seen.shown, "+48600700801" in seen.shown) == (True, True)
    assert set(await listed(house)) == {"+48500600799", "+48600700800", "+48600700801", "71200"}
    assert (await differences(house, "blacklist.added"))[1] == {"phones": ["+48600700800", "+48600700801", "71200"]}
    keys = await listed(house)
    assert (await anna.post("/blacklist/remove", {"id": [keys["71200"], keys["+48600700800"], "x", "9" * 30]})).status == 303
    assert set(await listed(house)) == {"+48500600799", "+48600700801"}
    assert len(await audited(house, "blacklist.removed")) == 1
    assert "Choose numbers first." in (await anna.follow(await anna.post("/blacklist/remove"))).shown


WRONG = (
    ("", "Please fill this in."), ("600700800\n12", "12 is not a telephone number."), ("7" * 1_200, "is not a telephone number"),
    ("\n".join(f"6007{number:05}" for number in range(1_001)), "at most 1000"),
)  # fmt: skip


@pytest.mark.parametrize(("typed", "said"), WRONG)
async def test_a_fault_is_said_and_what_was_typed_stays(house: House, typed: str, said: str) -> None:
    anna = await house.browse(OWNER)
    seen = await anna.post("/blacklist", {"phones": typed})
    assert (seen.status, said in seen.shown, 'id="e-phones"' in seen.text) == (422, True, True)
    assert typed[:9] in seen.text
    assert set(await listed(house)) == {"+48500600799"}


async def test_a_number_is_looked_for_and_a_long_list_has_pages(house: House) -> None:
    await house.server.db.write(save_blacklisted, house.account_id(), [f"+48600{number:06}" for number in range(70)])
    anna = await house.browse(OWNER)
    first = await anna.get("/blacklist")
    assert ("+48600000010" in first.shown, "+48600000069" in first.shown) == (True, False)
    assert "+48600000069" in (await anna.get(f"/blacklist?after={(await listed(house))['+48600000040']}")).shown
    seen = await anna.get("/blacklist?q=600%20000%20069")
    assert ("+48600000069" in seen.shown, "+48600000010" in seen.shown) == (True, False)
    seen = await anna.get("/blacklist?q=12")
    assert ("This is not a telephone number." in seen.shown, 'value="12"' in seen.text) == (True, True)


async def test_another_account_s_list_is_its_own(house: House) -> None:
    bob, mine = await house.browse(OTHER), await listed(house)
    assert "500600799" not in (await bob.get("/blacklist")).text
    assert "500600799" not in (await bob.get("/blacklist?q=500600799")).shown.replace(" ", "")
    await bob.post("/blacklist/remove", {"id": list(mine.values())})
    assert await listed(house) == mine


async def test_numbers_are_masked_and_may_still_be_taken_off(house: House) -> None:
    ewa = await house.browse(MASKED)
    seen = await ewa.get("/blacklist")
    assert ("+48500***799" in seen.shown, "500600799" in seen.text) == (True, False)
    assert (await ewa.get("/blacklist?q=500600799")).status == 404
    assert (await ewa.post("/blacklist/remove", {"id": list((await listed(house)).values())})).status == 303
    assert await listed(house) == {}


async def test_hostile_texts_do_nothing(house: House) -> None:
    anna = await house.browse(OWNER)
    for text in HOSTILE:
        seen = await anna.post("/blacklist", {"phones": text})
        assert seen.status in (303, 422)
        for page in (seen, await anna.get("/blacklist")):
            for found in ("<script>alert", "<img src=x", "<svg onload"):
                assert found not in page.text
