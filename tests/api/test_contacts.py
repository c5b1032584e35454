"""The controllers `contacts` and `account` over HTTP (contract 4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.house import House
from tests.builders import a_group, a_token, an_account

OTHER = "f" * 32
JAN = {
    "phone": "500600700", "first_name": "Jan", "last_name": "Kowalski", "email": "jan@example.com", "company": "A & B <sp. z o.o.>",
    "tax_id": "123", "address": "ul. Długa 1", "city": "Łódź", "description": "stały\0",
}  # fmt: skip
SHOWN = JAN | {"phone": "+48500600700", "description": "stały\ufffd", "blacklist": False, "group_id": None, "group_name": None}


async def test_adding_and_viewing(both: House) -> None:
    key = (await both.client.post("/contacts/add", JAN)).json["id"]
    assert (await both.client.post("/contacts/view", {"id": key})).json == {"id": key} | SHOWN
    assert (await both.client.post("/contacts/view", {"id": str(key)})).json == {"id": key} | SHOWN
    root = (await both.client.post("/contacts/view.xml", {"id": key})).xml
    assert {child.tag: child.text for child in root} == SHOWN | {"id": str(key), "blacklist": "false"}
    await both.client.post("/blacklist/add", {"phone": "500600700"})
    assert (await both.client.post("/contacts/view", {"id": key})).json["blacklist"] is True


async def test_a_contact_with_nothing_but_a_number(house: House) -> None:
    key = (await house.client.post("/contacts/add", b"phone=500600700&email=")).json["id"]
    view = (await house.client.post("/contacts/view", {"id": key})).json
    assert {name for name, value in view.items() if value is None} == SHOWN.keys() - {"phone", "blacklist"}


async def test_groups_in_each_form(both: House) -> None:
    second, first = await both.set_up(a_group, 1, "second"), await both.set_up(a_group, 1, "first")
    forms: tuple[tuple[Any, int | None], ...] = (
        (second, second), (str(second), second), ([second], second), ([second, first], first), ([str(first)], first),
        (None, None), ([], None),
    )  # fmt: skip
    for given, shown in forms:
        key = (await both.client.post("/contacts/add", {"phone": "500600700", "group_id": given})).json["id"]
        view = (await both.client.post("/contacts/view", {"id": key})).json
        assert view["group_id"] == shown, given
        assert view["group_name"] == {second: "second", first: "first", None: None}[shown]
    assert len((await both.client.post("/contacts/index", {"group_id": second})).json["items"]) == 4
    assert len((await both.client.post("/contacts/index", {"group_id": str(first)})).json["items"]) == 2
    assert len((await both.client.post("/contacts/index", {"group_id": "none"})).json["items"]) == 2


@pytest.fixture
async def people(both: House) -> House:
    for first, last, phone in (("Cezary", "Ż_k", 3), ("Adam", "B%k", 1), (None, "Nowak", 2), ("Beata", None, 4)):
        await both.client.post("/contacts/add", {"phone": f"50000000{phone}", "first_name": first, "last_name": last})
    return both


async def test_searching_and_sorting(people: House) -> None:
    cases: tuple[tuple[dict[str, str], list[int]], ...] = (
        ({}, [3, 1, 2, 4]), ({"order": "desc"}, [4, 2, 1, 3]), ({"sort": "phone"}, [1, 2, 3, 4]),
        ({"sort": "phone", "order": "desc"}, [4, 3, 2, 1]), ({"sort": "first_name"}, [2, 1, 4, 3]), ({"search": "a"}, [3, 1, 2, 4]),
        ({"search": "ADA"}, [1]), ({"search": "%"}, [1]),
        ({"search": "z"}, [3]), ({"search": "nowak +48 500 000 002"}, [2]), ({"search": "_"}, []), ({"search": "!"}, []),
        ({"search": "0003"}, [3]), ({"search": "'; --"}, []), ({"search": "adam nowak"}, []),
    )  # fmt: skip
    for body, order in cases:
        items = (await people.client.post("/contacts/index", body)).json["items"]
        assert [int(item["phone"][-1]) for item in items] == order, body


async def test_pages_of_contacts(people: House) -> None:
    answer = (await people.client.post("/contacts/index", {"sort": "phone", "limit": 3, "page": 2})).json
    assert ([item["phone"][-1] for item in answer["items"]], answer["paging"]) == (["4"], {"page": 2, "count": 2})
    assert "paging" not in (await people.client.post("/contacts/index")).json


async def test_each_account_has_its_own(people: House) -> None:
    other = await people.set_up(an_account, "other")
    group = await people.set_up(a_group, 1, "ours")
    await people.set_up(a_token, other, OTHER, name="other")
    theirs = {"Authorization": f"Bearer {OTHER}"}
    (item, *_) = (await people.client.post("/contacts/index")).json["items"]
    assert (await people.client.post("/contacts/index", headers=theirs)).json == {"items": []}
    assert (await people.client.post("/contacts/view", {"id": item["id"]}, theirs)).code == 1004
    assert (await people.client.post("/contacts/add", {"phone": "500600700", "group_id": group}, theirs)).code == 1004
    assert (await people.client.post("/contacts/index", headers=theirs)).json == {"items": []}
    assert (await people.client.post("/contacts/edit", {"id": item["id"], "city": "x"}, theirs)).code == 1004
    assert (await people.client.post("/contacts/delete", {"id": item["id"]}, theirs)).code == 1004
    assert (await people.client.post("/contacts/view", {"id": item["id"]})).json == item


async def test_editing(both: House) -> None:
    first, second = await both.set_up(a_group, 1, "first"), await both.set_up(a_group, 1, "second")
    key = (await both.client.post("/contacts/add", JAN | {"group_id": first})).json["id"]
    steps: tuple[tuple[Any, dict[str, Any]], ...] = (
        ({}, {"group_id": first, "group_name": "first"}), ({"first_name": "Anna", "last_name": ""}, {"first_name": "Anna"}),
        ({"phone": "600700800", "city": None}, {"phone": "+48600700800"}),
        ({"group_id": second}, {"group_id": second, "group_name": "second"}), ({"group_id": None}, {}),
        ({"group_id": [second, str(first)]}, {"group_id": first, "group_name": "first"}), ({"group_id": ""}, {}),
        ({"group_id": "none"}, {"group_id": None, "group_name": None}),
    )  # fmt: skip
    shown = {"id": key} | SHOWN
    for change, seen in steps:
        assert (await both.client.post("/contacts/edit", {"id": str(key)} | change)).body == b'{"success":true}', change
        shown |= seen
        assert (await both.client.post("/contacts/view", {"id": key})).json == shown, change
    assert (await both.client.post("/contacts/edit.xml", f"id={key}&company=C".encode())).xml.findtext("success") == "true"
    assert (await both.client.post("/contacts/view", {"id": key})).json["company"] == "C"


async def test_deleting(both: House) -> None:
    group = await both.set_up(a_group, 1, "x")
    keys = [(await both.client.post("/contacts/add", JAN | {"group_id": group})).json["id"] for _ in range(2)]
    assert (await both.client.post("/contacts/delete", {"id": keys[0]})).body == b'{"success":true}'
    assert (await both.client.post("/contacts/delete", {"id": keys[0]})).code == 1004
    assert [item["id"] for item in (await both.client.post("/contacts/index")).json["items"]] == [keys[1]]
    assert (await both.client.post("/groups/view", {"id": group})).json["count"] == 1


async def test_what_is_missing_or_wrong(house: House) -> None:
    cases: tuple[tuple[str, dict[str, Any], int, str | None], ...] = (
        ("add", {"first_name": "Jan"}, 2000, "phone"), ("add", {"phone": "+"}, 2001, None),
        ("add", {"phone": "500600700", "email": ["a"]}, 1006, "email"), ("add", {"phone": "500600700", "city": "x" * 251}, 1006, "city"),
        ("add", {"phone": "500600700", "group_id": 999}, 1004, None), ("add", {"phone": "500600700", "group_id": "x"}, 1004, None),
        ("add", {"phone": "500600700", "group_id": {"a": 1}}, 1004, None),
        ("add", {"phone": "500600700", "group_id": list(range(1, 1_002))}, 1006, "group_id"),
        ("edit", {}, 1004, None), ("edit", {"id": 9}, 1004, None), ("edit", {"id": 9, "phone": "+"}, 2001, None),
        ("edit", {"id": 9, "city": "x" * 251}, 1006, "city"), ("edit", {"id": 9, "group_id": "x"}, 1004, None),
        ("delete", {}, 1004, None), ("delete", {"id": "x"}, 1004, None), ("delete", {"id": 9}, 1004, None),
        ("view", {}, 1004, None), ("view", {"id": "x"}, 1004, None), ("view", {"id": 0}, 1004, None), ("view", {"id": [1]}, 1004, None),
        ("view", {"id": 10**30}, 1004, None), ("index", {"sort": "account_id"}, 1006, "sort"),
        ("index", {"search": "x" * 101}, 1006, "search"), ("index", {"search": "\0"}, 1006, "search"),
        ("index", {"group_id": "some"}, 1006, "group_id"), ("index", {"order": "x"}, 1006, "order"),
    )  # fmt: skip
    for action, body, code, field in cases:
        error = (await house.client.post(f"/contacts/{action}", body)).json["error"]
        assert (error["code"], error.get("field")) == (code, field), (action, body)
    assert (await house.client.post("/contacts/index")).json == {"items": []}
