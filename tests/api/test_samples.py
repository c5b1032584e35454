"""The samples of the documentation come back octet for octet, in both formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from odzew.store.db import statement
from tests.api.house import House
from tests.api.samples import store_contact, store_premium, store_samples

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> bytes:
    return GOLDEN.joinpath(name).read_bytes().removesuffix(b"\n")


async def test_the_four_samples_of_the_documentation(both: House) -> None:
    await store_samples(both.db)
    for suffix in ("json", "xml"):
        answer = await both.client.post(f"/messages/recived.{suffix}")
        assert answer.body == golden(f"all.{suffix}")
        assert answer.headers["content-type"] == f"application/{suffix}"


async def test_a_premium_message_with_its_contact(both: House) -> None:
    await store_premium(both.db)
    for suffix in ("json", "xml"):
        answer = await both.client.post(f"/messages/recived.{suffix}", {"show_contact": True})
        assert answer.body == golden(f"pre_contact.{suffix}")


async def test_the_contact_of_an_mms_comes_after_its_attachments(both: House) -> None:
    await store_samples(both.db)
    await store_contact(both.db)
    answer = await both.client.post("/messages/recived", {"show_contact": "1", "type": "mms", "limit": 10})
    assert answer.body == golden("mms_contact.json")


@pytest.mark.parametrize("suffix", ["json", "xml"])
async def test_an_error(house: House, suffix: str) -> None:
    answer = await house.client.post(f"/messages/recived.{suffix}", headers={})
    assert (answer.status, answer.body) == (200, golden(f"error_1001.{suffix}"))


async def test_a_contact_is_shown_only_when_asked_for_and_known(house: House) -> None:
    await store_samples(house.db)
    assert "contact" not in (await house.client.post("/messages/recived", {"show_contact": True})).json["items"][0]
    await store_contact(house.db)
    assert "contact" not in (await house.client.post("/messages/recived", {"show_contact": False})).json["items"][0]
    assert "contact" in (await house.client.post("/messages/recived", {"show_contact": True})).json["items"][0]


async def test_the_alias_gives_the_time_under_both_spellings(house: House) -> None:
    await store_samples(house.db)
    (item,) = (await house.client.post("/messages/received.json", {"type": "nd"})).json["items"]
    assert list(item) == ["id", "type", "phone", "recived", "received", "blacklist", "text"]
    assert item["recived"] == item["received"] == "2014-10-21 12:37:43"


async def test_the_blacklist_is_told_as_it_is_now(both: House) -> None:
    await store_samples(both.db)
    await both.client.post("/blacklist/add", {"phone": "500600700"})
    assert {item["blacklist"] for item in (await both.client.post("/messages/recived")).json["items"]} == {True}
    assert {flag.text for flag in (await both.client.post("/messages/recived.xml")).xml.iter("blacklist")} == {"true"}
    await both.client.post("/blacklist/delete", {"phone": "500600700"})
    assert {item["blacklist"] for item in (await both.client.post("/messages/recived")).json["items"]} == {False}


async def test_a_reply_that_answers_nothing_known_says_null(house: House) -> None:
    await store_samples(house.db)
    await house.db.write(statement, "UPDATE messages SET answers = NULL")
    assert (await house.client.post("/messages/recived", {"type": "eco"})).json["items"][0]["message_id"] is None
    assert b"<message_id></message_id>" in (await house.client.post("/messages/recived.xml", {"type": "eco"})).body
