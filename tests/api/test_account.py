"""The controllers `account` and `premium` over HTTP (contract 4), and the right to see numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from odzew.api.call import Limits
from odzew.clock import FixedClock
from odzew.store.db import statement
from odzew.store.engines import open_database
from tests.api.client import BEARER
from tests.api.house import House, open_house
from tests.api.samples import PREMIUM
from tests.builders import a_group, a_message, a_token, an_account, store_messages

BLIND = "e" * 32


async def test_limits(house: House) -> None:
    assert (await house.client.post("/account/limits")).body == b'{"account":{"type":"postpaid"},"items":[]}'
    root = (await house.client.post("/account/limits.xml")).xml
    assert (root.findtext("account/type"), list(root.find("items") or ())) == ("postpaid", [])


async def test_help_without_settings(house: House) -> None:
    assert (await house.client.post("/account/help")).body == b'{"telephone":null,"email":null,"form":null,"faq":null}'


async def test_help_from_the_settings(tmp_path: Path, clock: FixedClock) -> None:
    database = open_database(f"sqlite:///{tmp_path}/odzew.db", clock, fixed=True)
    await database.migrate()
    limits = Limits(help=(("telephone", "+48 22 1"), ("email", "help@example.com"), ("form", ""), ("faq", "https://example.com/faq")))
    async with open_house(database, clock, limits) as house:
        answer = (await house.client.post("/account/help")).json
        assert answer == {"telephone": "+48 22 1", "email": "help@example.com", "form": None, "faq": "https://example.com/faq"}
        assert (await house.client.post("/account/help.xml")).xml.findtext("email") == "help@example.com"
    await database.close()


async def test_premium_messages(both: House) -> None:
    other = await both.set_up(an_account, "other")
    await store_messages(both.db, PREMIUM, a_message(5, kind="nd"), a_message(6, other, "pre"))
    expected = {
        "id": 1042,
        "to_number": "71200",
        "from_number": "+48500600700",
        "date": "2014-10-21 18:00:00",
        "limit": 0,
        "text": "AUTO 1",
    }
    assert (await both.client.post("/premium/index")).json == {"items": [expected]}
    (item,) = (await both.client.post("/premium/index.xml")).xml.iter("item")
    assert {field.tag: field.text for field in item} == {name: str(value) for name, value in expected.items()}
    assert list((await both.client.post("/premium/index")).json["items"][0]) == list(expected)


async def test_premium_messages_neither_set_nor_heed_the_read_mark(both: House) -> None:
    await store_messages(both.db, PREMIUM)
    assert len((await both.client.post("/premium/index")).json["items"]) == 1
    assert (await both.client.post("/messages/recived", {"read": True})).ids == [1042]
    assert len((await both.client.post("/premium/index")).json["items"]) == 1


async def test_many_premium_messages(both: House) -> None:
    await store_messages(both.db, *(a_message(n, kind="pre") for n in range(1, 451)))
    assert (await both.client.post("/premium/index")).ids == list(range(1, 451))
    for page, limit, ids in ((1, 300, range(1, 301)), (2, 300, range(301, 451)), (3, 300, ()), (2, 200, range(201, 401)), (9, 1, (9,))):
        answer = await both.client.post("/premium/index", {"page": page, "limit": limit})
        assert (answer.ids, answer.json["paging"]) == (list(ids), {"page": page, "count": -(-450 // limit)})
    assert (await both.client.post("/premium/index", {"limit": 0})).code == 1006


@pytest.mark.parametrize(
    ("action", "code"),
    [
        *((action, 1008) for action in (
            "contacts/add", "contacts/edit", "contacts/view", "contacts/delete", "contacts/index", "contacts/import", "groups/check",
            "premium/index", "blacklist/index", "blacklist/add", "blacklist/delete", "blacklist/check", "messages/recived",
        )),
        ("groups/index", None), ("groups/add", None), ("groups/view", None), ("groups/edit", None), ("groups/delete", None),
        ("account/limits", None), ("account/help", None), ("messages/send_nd", None),
    ],
)  # fmt: skip
async def test_who_may_not_see_numbers(house: House, action: str, code: int | None) -> None:
    await house.set_up(a_token, 1, BLIND, ("api",), "blind")
    group = await house.set_up(a_group, 1, "x")
    body = {"phone": "500600700", "id": group, "name": "y", "group_name": "z", "contact": [{"phone": "500600700"}], "text": "t"}
    assert (await house.client.post(f"/{action}", body, {"Authorization": f"Bearer {BLIND}"})).code == code
    assert (await house.client.post(f"/{action}", body, {})).code == 1001


async def test_who_may_not_see_numbers_may_not_delete_them_with_a_group(house: House) -> None:
    await house.set_up(a_token, 1, BLIND, ("api",), "blind")
    group = await house.set_up(a_group, 1, "x")
    body = {"id": group, "delete_contacts": True}
    assert (await house.client.post("/groups/delete", body, {"Authorization": f"Bearer {BLIND}"})).code == 1008
    assert [row[0] for row in await house.db.read(statement, "SELECT id FROM groups")] == [group]
    assert (await house.client.post("/groups/delete", body, BEARER)).json == {"success": True}
