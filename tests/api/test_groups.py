"""The controller `groups` over HTTP (contract 4)."""

from __future__ import annotations

from typing import Any

from tests.api.house import House
from tests.builders import a_token, an_account

OTHER = "f" * 32


async def add(house: House, name: str) -> int:
    key: int = (await house.client.post("/groups/add", {"name": name})).json["id"]
    return key


async def names(house: House, **body: Any) -> list[str]:
    return [item["name"] for item in (await house.client.post("/groups/index", body)).json["items"]]


async def test_from_adding_to_deleting(both: House) -> None:
    post = both.client.post
    first = (await post("/groups/add", {"name": "Klienci"})).json
    assert first == {"success": True, "id": first["id"]}
    assert (await post("/groups/add", b"name=Klienci")).json == first
    assert (await post("/groups/add.xml", {"name": " Łódź\t"})).xml.findtext("success") == "true"
    key = first["id"]
    assert (await post("/groups/view", {"id": key})).body == b'{"id":%d,"name":"Klienci","count":0}' % key
    for phone in ("500600700", "500600701"):
        await post("/contacts/add", {"phone": phone, "group_id": key})
    assert (await post("/groups/view.xml", {"id": str(key)})).xml.findtext("count") == "2"
    assert (await post("/groups/edit", {"id": key, "name": "VIP"})).body == b'{"success":true}'
    assert (await post("/groups/index")).json["items"][0] == {"id": key, "name": "VIP", "count": 2}
    assert [item.findtext("name") for item in (await post("/groups/index.xml")).xml.iter("item")] == ["VIP", "Łódź"]
    assert (await post("/groups/delete", {"id": key})).body == b'{"success":true}'
    assert (await post("/groups/view", {"id": key})).code == 1004
    items = (await post("/contacts/index")).json["items"]
    assert [(item["group_id"], item["group_name"]) for item in items] == [(None, None)] * 2


async def test_deleting_with_the_contacts(both: House) -> None:
    key, other = await add(both, "a"), await add(both, "b")
    for phone, groups in (("500600700", [key]), ("500600701", [key, other]), ("500600702", [other])):
        await both.client.post("/contacts/add", {"phone": phone, "group_id": groups})
    assert (await both.client.post("/groups/delete", {"id": key, "delete_contacts": "true"})).json == {"success": True}
    assert [item["phone"] for item in (await both.client.post("/contacts/index")).json["items"]] == ["+48500600702"]


async def test_the_groups_of_a_number(both: House) -> None:
    key, other = await add(both, "b"), await add(both, "a")
    contact = (await both.client.post("/contacts/add", {"phone": "500600700", "group_id": [key, other]})).json["id"]
    expected = [{"id": contact, "group_id": other, "group_name": "a"}, {"id": contact, "group_id": key, "group_name": "b"}]
    for phone in ("500600700", "+48500600700", 48500600700):
        assert (await both.client.post("/groups/check", {"phone": phone})).json == {"items": expected}
    assert (await both.client.post("/groups/check", {"phone": "600700800"})).json == {"items": []}
    assert [item.findtext("group_name") for item in (await both.client.post("/groups/check.xml", b"phone=500600700")).xml.iter("item")] == [
        "a", "b",
    ]  # fmt: skip


async def test_listing(both: House) -> None:
    for name in ("Łódź", "b 100%", "A", "a_c"):
        await add(both, name)
    cases: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({}, ["A", "a_c", "b 100%", "Łódź"]), ({"sort": "name"}, ["A", "a_c", "b 100%", "Łódź"]),
        ({"order": "desc"}, ["Łódź", "b 100%", "a_c", "A"]), ({"search": "lodz"}, ["Łódź"]), ({"search": "a"}, ["A", "a_c"]),
        ({"search": ""}, ["A", "a_c", "b 100%", "Łódź"]), ({"search": "%"}, ["b 100%"]), ({"search": "!"}, []),
        ({"limit": 3}, ["A", "a_c", "b 100%"]), ({"limit": 3, "page": 2}, ["Łódź"]), ({"limit": 3, "page": 3}, []),
        ({"limit": 3, "search": "!"}, []),
    )  # fmt: skip
    for body, expected in cases:
        assert await names(both, **body) == expected, body
    assert (await both.client.post("/groups/index", {"limit": 3, "page": 2})).json["paging"] == {"page": 2, "count": 2}
    assert (await both.client.post("/groups/index", {"limit": 3, "search": "!"})).json["paging"] == {"page": 1, "count": 1}
    assert "paging" not in (await both.client.post("/groups/index")).json


async def test_each_account_has_its_own(both: House) -> None:
    other = await both.set_up(an_account, "other")
    await both.set_up(a_token, other, OTHER, name="other")
    theirs = {"Authorization": f"Bearer {OTHER}"}
    key = await add(both, "ours")
    await both.client.post("/contacts/add", {"phone": "500600700", "group_id": key})
    for action in ("view", "edit", "delete"):
        assert (await both.client.post(f"/groups/{action}", {"id": key, "name": "x"}, theirs)).code == 1004
    assert (await both.client.post("/groups/check", {"phone": "500600700"}, theirs)).json == {"items": []}
    assert (await both.client.post("/contacts/index", {"group_id": key}, theirs)).json == {"items": []}
    assert (await both.client.post("/groups/index", headers=theirs)).json == {"items": []}
    assert await names(both) == ["ours"]


async def test_what_is_missing_or_wrong(house: House) -> None:
    key = await add(house, "here")
    await add(house, "there")
    cases: tuple[tuple[str, dict[str, Any], int, str | None], ...] = (
        ("add", {}, 2000, "name"), ("add", {"name": " "}, 2000, "name"), ("add", {"name": "x" * 101}, 1006, "name"),
        ("add", {"name": ["x"]}, 1006, "name"), ("view", {}, 1004, None), ("view", {"id": 0}, 1004, None), ("view", {"id": 99}, 1004, None),
        ("edit", {"name": "x"}, 1004, None), ("edit", {"id": key}, 2000, "name"), ("edit", {"id": 99, "name": "x"}, 1004, None),
        ("edit", {"id": key, "name": "there"}, 1006, "name"), ("delete", {}, 1004, None), ("delete", {"id": "x"}, 1004, None),
        ("delete", {"id": key, "delete_contacts": "maybe"}, 1006, "delete_contacts"), ("check", {}, 2000, "phone"),
        ("check", {"phone": "+"}, 2001, None), ("index", {"search": "x" * 101}, 1006, "search"), ("index", {"sort": "id"}, 1006, "sort"),
        ("index", {"order": "x"}, 1006, "order"), ("index", {"page": 0}, 1006, "page"),
    )  # fmt: skip
    for action, body, code, field in cases:
        error = (await house.client.post(f"/groups/{action}", body)).json["error"]
        assert (error["code"], error.get("field")) == (code, field), (action, body)
    assert await names(house) == ["here", "there"]
