"""The address book: its list, one contact, what is done with many, the export."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from odzew.store import contacts
from odzew.store.db import statement
from odzew.wire.folding import searchable
from tests.panel.house import HOSTILE, MASKED, OTHER, OWNER, House
from tests.panel.rows import audited, differences

ZOFIA = {
    "phone": "500 600 701", "first_name": "Zofia", "last_name": "Łęcka", "company": "", "tax_id": "", "email": "", "address": "",
    "city": "", "description": "",
}  # fmt: skip


async def ids(house: House, account: str = "acme") -> dict[str, int]:
    """The contacts of an account: {number: id}."""
    sql = "SELECT phone, id FROM contacts WHERE account_id = ?"
    return {row[0]: row[1] for row in await house.server.db.read(statement, sql, house.account_id(account))}


async def groups(house: House) -> dict[str, int]:
    return {row[0]: row[1] for row in await house.server.db.read(statement, "SELECT name, id FROM groups")}


async def theirs(house: House) -> int:
    """A contact of the other account."""
    values: tuple[Any, ...] = (house.account_id("globex"), "+48600000001", {"last_name": "Obcy"}, [], searchable)
    return int(await house.server.db.write(contacts.add, *values))


LISTS = (
    ("", ("Jan Kowalski", "Zofia Łęcka")), ("?q=lecka", ("Zofia Łęcka",)), ("?q=KOWALSKI+syn", ("Jan Kowalski",)),
    ("?q=500600701", ("Zofia Łęcka",)),
    ("?q=48500600701", ("Zofia Łęcka",)), ("?q=nikt", ()), ("?q=***", ()), ("?group=none", ()), ("?group=999", ()), ("?group=x", ()),
    *((f"?sort={sort}", ("Jan Kowalski", "Zofia Łęcka")) for sort in ("first_name", "phone", "x")),
)  # fmt: skip


async def test_the_list_is_searched_and_sorted(house: House) -> None:
    await theirs(house)
    anna = await house.browse(OWNER)
    for query, names in LISTS:
        seen = await anna.get(f"/contacts{query}")
        assert (query, seen.status) == (query, 200)
        found = [name for name in ("Jan Kowalski", "Zofia Łęcka", "Obcy") if name in seen.shown]
        assert (query, found) == (query, list(names))
    friends = (await groups(house))["friends"]
    assert "Jan Kowalski" not in (await anna.get(f"/contacts?group={friends}")).shown


async def test_a_long_list_has_pages(house: House) -> None:
    for number in range(120):
        values: tuple[Any, ...] = (house.account_id(), f"+48600{number:06}", {"last_name": f"Nazwisko{number:03}"}, [], searchable)
        await house.server.db.write(contacts.add, *values)
    anna = await house.browse(OWNER)
    for sort in ("last_name", "phone", "id", "company"):
        found: list[str] = []
        path = f"/contacts?q=nazwisko&sort={sort}"
        while path:
            seen = await anna.get(path)
            found += re.findall(r"Nazwisko(\d+)", seen.shown)
            following = re.search(r'href="/panel(/contacts[^"]*)" rel="next"', seen.text)
            path = following.group(1).replace("&amp;", "&") if following else ""
        assert (sort, len(found), len(set(found))) == (sort, 120, 120)
    assert (await anna.get("/contacts?after=999999")).status == 404


async def test_one_is_added_and_changed(house: House) -> None:
    anna = await house.browse(OWNER)
    group = str((await groups(house))["friends"])
    typed = ZOFIA | {"phone": "600 700 800", "first_name": "Ola", "group": [group]}
    assert (await anna.post("/contacts/new", typed)).location == "/contacts"
    key = (await ids(house))["+48600700800"]
    seen = await anna.get(f"/contacts/{key}")
    assert ('value="Ola"' in seen.text, f'value="{group}" checked' in seen.text) == (True, True)
    assert (await anna.post(f"/contacts/{key}", typed | {"first_name": "Aleksandra", "last_name": "", "group": []})).status == 303
    assert "Aleksandra" in (await anna.get("/contacts?q=aleks")).shown
    assert await differences(house, "contact.added") == ({}, {"phone": "+48600700800"})
    before, after = await differences(house, "contact.saved")
    assert (before["first_name"], after["first_name"], after["last_name"]) == ("Ola", "Aleksandra", None)


async def test_a_sender_s_number_stands_in_the_form(house: House) -> None:
    anna, ewa = await house.browse(OWNER), await house.browse(MASKED)
    assert 'value="+48600700800"' in (await anna.get("/contacts/new?phone=%2B48600700800")).text
    assert "600700800" not in (await ewa.get("/contacts/new?phone=%2B48600700800")).text


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"phone": ""}, "phone", "Please fill this in."), ({"phone": "12"}, "phone", "This is not a telephone number."),
    ({"first_name": "x" * 251}, "first_name", "at most 250"), ({"description": "x" * 4_001}, "description", "at most 4000"),
    ({"company": "a\0"}, "company", "cannot be stored"),
)  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "said"), WRONG)
async def test_faults_stand_beside_their_fields(house: House, changed: dict[str, Any], field: str, said: str) -> None:
    anna = await house.browse(OWNER)
    key = (await ids(house))["+48500600701"]
    for path in ("/contacts/new", f"/contacts/{key}"):
        seen = await anna.post(path, ZOFIA | {"city": "Łódź"} | changed)
        assert (path, seen.status, said in seen.shown, f'id="e-{field}"' in seen.text) == (path, 422, True, True)
        assert 'value="Łódź"' in seen.text
    assert not await audited(house, "contact.added")
    assert not await audited(house, "contact.saved")


async def test_another_account_s_contact_and_group_are_not_there(house: House) -> None:
    bob = await house.browse(OTHER)
    key, group = (await ids(house))["+48500600701"], (await groups(house))["friends"]
    assert ((await bob.get(f"/contacts/{key}")).status, (await bob.post(f"/contacts/{key}", ZOFIA)).status) == (404, 404)
    assert (await bob.post("/contacts/new", ZOFIA | {"group": [str(group)]})).status == 404
    assert (await bob.post("/contacts/change", {"id": [key], "do": "put", "group": group})).status == 404
    await bob.post("/contacts/change", {"id": [key], "do": "delete"})
    assert key in (await ids(house)).values()
    assert (await bob.get(f"/contacts?after={key}")).status == 404


async def test_many_are_put_into_a_group_taken_out_and_deleted(house: House) -> None:
    anna = await house.browse(OWNER)
    chosen, group = list((await ids(house)).values()), (await groups(house))["friends"]
    seen = await anna.follow(await anna.post("/contacts/change", {"id": chosen, "do": "put", "group": group}))
    assert ("Jan Kowalski" in seen.shown, "Zofia Łęcka" in seen.shown) == (True, True)
    seen = await anna.follow(await anna.post("/contacts/change", {"id": chosen[:1], "do": "take", "group": group}))
    assert "Jan Kowalski" not in seen.shown
    for fields, said in (({"do": "delete"}, "Choose contacts first."), ({"id": chosen, "do": "put", "group": ""}, "Choose a group first.")):
        assert said in (await anna.follow(await anna.post("/contacts/change", fields))).shown
    seen = await anna.follow(await anna.post("/contacts/change", {"id": [*chosen, "x", "9" * 40, "-1"], "do": "delete"}))
    assert "2 contacts are deleted." in seen.shown
    assert await ids(house) == {}
    assert len(await audited(house, "contact.deleted")) == 1


async def test_the_export_has_all_and_no_formula(house: House) -> None:
    anna = await house.browse(OWNER)
    for text in HOSTILE:
        await anna.post("/contacts/new", ZOFIA | {"phone": "600700800", "last_name": text})
    seen = await anna.get("/contacts/export.csv")
    assert (seen.status, seen.body[:3]) == (200, b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(seen.body.decode("utf-8-sig"))))
    assert (len(lines), lines[0][0], lines[0][-1]) == (3 + len(HOSTILE), "phone", "groups")
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for line in lines for cell in line)
    found = list(csv.reader(io.StringIO((await anna.get("/contacts/export.csv?q=lecka")).text)))
    assert [line[-1] for line in found[1:]] == ["friends"]


async def test_numbers_are_masked(house: House) -> None:
    ewa = await house.browse(MASKED)
    seen = await ewa.get("/contacts")
    assert ("Jan Kowalski" in seen.shown, "+48500***700" in seen.shown, "500600700" in seen.text) == (True, True, False)
    assert "You may not search for numbers." in (await ewa.get("/contacts?q=500600700")).shown
    assert (await ewa.get("/contacts/export.csv")).status == 404
    key = (await ids(house))["+48500600701"]
    seen = await ewa.get(f"/contacts/{key}")
    assert "500600701" not in seen.text
    assert (await ewa.post(f"/contacts/{key}", ZOFIA | {"phone": "", "city": "Gdynia"})).status == 303
    assert key == (await ids(house))["+48500600701"]  # the number stays


async def test_hostile_texts_do_nothing(house: House) -> None:
    anna = await house.browse(OWNER)
    for text in HOSTILE:
        await anna.post("/contacts/new", ZOFIA | {"phone": "600700800", "first_name": text, "company": text, "email": text, "city": text})
    key = max((await ids(house)).values())
    for path in ("/contacts", "/contacts?sort=id", f"/contacts/{key}", f"/contacts?q={HOSTILE[0]}"):
        seen = await anna.get(path.replace("<", "%3C").replace(">", "%3E"))
        assert seen.status == 200
        for found in ("<script>alert", "<img src=x", "<svg onload"):
            assert found not in seen.text
