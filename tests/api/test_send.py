"""`send_nd` and `send_ndi`: a message is put into the caller's inbox as if it had arrived (contract 4)."""

from __future__ import annotations

import pytest

from odzew.store.db import statement
from tests.api.house import House
from tests.builders import a_keyword, a_number, an_account

ND, OTHER_ND, NDI, THEIRS = "+48799448855", "71200", "+48664078059", "+48664078060"


@pytest.fixture
async def served(both: House) -> House:
    """Account 1 has AUTO on a shared number and a number of its own; another account has AUTO MOTO, and a number of its own."""
    other = await both.set_up(an_account, "other")
    number = await both.set_up(a_number, ND, "nd")
    short = await both.set_up(a_number, OTHER_ND, "sc")
    await both.set_up(a_keyword, number, 1, "AUTO", "auto")
    await both.set_up(a_keyword, number, other, "AUTO MOTO", "auto moto")
    await both.set_up(a_keyword, short, other, "AUTO", "auto")
    await both.set_up(a_keyword, short, 1, "ŁÓDŹ", "lodz")
    await both.set_up(a_number, NDI, "ndi", 1)
    await both.set_up(a_number, THEIRS, "ndi", other)
    return both


async def test_a_text_with_a_keyword_of_ours_comes_in(served: House) -> None:
    answer = await served.client.post("/messages/send_nd", {"phone": "500 600 700", "text": "auto: 1\0"})
    assert answer.body == b'{"success":true}'
    assert (await served.client.post("/messages/sendNd.json", "phone=500600700&text=Łódź+2".encode())).body == b'{"success":true}'
    items = (await served.client.post("/messages/recived")).json["items"]
    assert [(item["type"], item["phone"], item["text"]) for item in items] == [
        ("nd", "+48500600700", "auto: 1\ufffd"),
        ("nd", "+48500600700", "Łódź 2"),
    ]
    rows = await served.db.read(statement, "SELECT recipient FROM messages ORDER BY id")
    assert [row[0] for row in rows] == [ND, OTHER_ND]


async def test_the_account_knows_of_it_at_once(served: House) -> None:
    assert (await served.client.post("/messages/recived", {"limit": 1})).ids == []
    await served.client.post("/messages/send_nd", {"phone": "500600700", "text": "AUTO"})
    assert len((await served.client.post("/messages/recived", {"limit": 1})).ids) == 1


async def test_a_text_with_nobody_s_or_another_s_keyword_does_not(served: House) -> None:
    for text in ("MOTO", "AUTO MOTO 1", "AUTOMOTO", "A", "...", "x" * 100_000):
        assert (await served.client.post("/messages/send_nd", {"phone": "500600700", "text": text})).body == b'{"success":false}', text
    assert await served.unread() == []


async def test_a_text_to_a_number_of_ours_comes_in(served: House) -> None:
    for action in ("messages/send_ndi", "messages/sendNdi"):
        answer = await served.client.post(f"/{action}", {"phone": "500600700", "text": "hej", "ndi_number": "664078059"})
        assert answer.body == b'{"success":true}'
    items = (await served.client.post("/messages/recived", {"ndi": NDI})).json["items"]
    assert [(item["type"], item["text"]) for item in items] == [("ndi", "hej")] * 2


async def test_a_text_to_another_s_number_does_not(served: House) -> None:
    for number in (THEIRS, ND, OTHER_ND, "500600701"):
        answer = await served.client.post("/messages/send_ndi.xml", {"phone": "500600700", "text": "hej", "ndi_number": number})
        assert answer.xml.findtext("success") == "false"
    assert await served.unread() == []


async def test_what_is_missing_or_wrong(house: House) -> None:
    cases = (
        ("messages/send_nd", {"text": "A"}, 2000, "phone"),
        ("messages/send_nd", {"phone": "500600700"}, 2000, "text"),
        ("messages/send_nd", {"phone": "500600700", "text": ""}, 2000, "text"),
        ("messages/send_nd", {"phone": "500600700", "text": ["A"]}, 1006, "text"),
        ("messages/send_nd", {"phone": "Alfa", "text": "A"}, 2001, None),
        ("messages/send_nd", {"phone": ["500600700", "500600701"], "text": "A"}, 2001, None),
        ("messages/send_ndi", {"phone": "500600700", "text": "A"}, 2000, "ndi_number"),
        ("messages/send_ndi", {"phone": "500600700", "text": "A", "ndi_number": "x"}, 2001, None),
    )
    for action, body, code, field in cases:
        error = (await house.client.post(f"/{action}", body)).json["error"]
        assert (error["code"], error.get("field")) == (code, field), (action, body)
