"""The controller `blacklist` over HTTP (contract 4)."""

from __future__ import annotations

from odzew.store.db import Many
from tests.api.house import House
from tests.builders import a_token, an_account

OTHER = "f" * 32


async def test_adding_checking_and_deleting(both: House) -> None:
    post = both.client.post
    first = (await post("/blacklist/add", {"phone": "500600700"})).json
    assert first == {"success": True, "id": first["id"]}
    assert (await post("/blacklist/add", b"phone=+48500600700")).json == first  # the same sender in another spelling
    assert (await post("/blacklist/add.xml", {"phone": "Alfa"})).xml.findtext("success") == "true"
    assert (await post("/blacklist/check", {"phone": "+48500600700"})).body == b'{"exists":true}'
    assert (await post("/blacklist/check", {"phone": "500600701"})).body == b'{"exists":false}'
    assert (await post("/blacklist/index")).body == (
        b'{"items":[{"phone":"+48500600700","added":"2014-10-21 11:18:03"},{"phone":"Alfa","added":"2014-10-21 11:18:03"}]}'
    )
    assert (await post("/blacklist/delete", {"phone": "500600700"})).body == b'{"success":true}'
    assert (await post("/blacklist/delete", {"phone": "500600700"})).body == b'{"success":false}'
    assert (await post("/blacklist/check", {"phone": "+48500600700"})).json == {"exists": False}


async def test_each_account_has_its_own(both: House) -> None:
    other = await both.set_up(an_account, "other")
    await both.set_up(a_token, other, OTHER, name="other")
    theirs = {"Authorization": f"Bearer {OTHER}"}
    await both.client.post("/blacklist/add", {"phone": "500600700"})
    assert (await both.client.post("/blacklist/check", {"phone": "500600700"}, theirs)).json == {"exists": False}
    assert (await both.client.post("/blacklist/index", headers=theirs)).json == {"items": []}
    assert (await both.client.post("/blacklist/delete", {"phone": "500600700"}, theirs)).json == {"success": False}
    assert (await both.client.post("/blacklist/check", {"phone": "500600700"})).json == {"exists": True}


async def test_a_long_list(both: House) -> None:
    def fill():  # type: ignore[no-untyped-def]
        yield Many("INSERT INTO blacklist (account_id, phone, added_at) VALUES (?, ?, ?)", [(1, f"+48500{n:06}", n) for n in range(2_500)])

    await both.db.write(fill)
    phones = [f"+48500{n:06}" for n in range(2_500)]
    assert [item["phone"] for item in (await both.client.post("/blacklist/index")).json["items"]] == phones
    assert [item.text for item in (await both.client.post("/blacklist/index.xml")).xml.iter("phone")] == phones
    answer = (await both.client.post("/blacklist/index", {"page": 3, "limit": 1000})).json
    assert ([item["phone"] for item in answer["items"]], answer["paging"]) == (phones[2_000:], {"page": 3, "count": 3})
    answer = (await both.client.post("/blacklist/index", {"phone": "500000007", "limit": 10})).json
    assert ([item["phone"] for item in answer["items"]], answer["paging"]) == (phones[7:8], {"page": 1, "count": 1})


async def test_what_is_missing_or_wrong(house: House) -> None:
    for action in ("add", "delete", "check"):
        error = (await house.client.post(f"/blacklist/{action}")).json["error"]
        assert (error["code"], error["field"]) == (2000, "phone")
        assert (await house.client.post(f"/blacklist/{action}", {"phone": "+"})).code == 2001
    assert (await house.client.post("/blacklist/index", {"phone": "+"})).code == 2001
    assert (await house.client.post("/blacklist/index", {"limit": 0})).code == 1006
